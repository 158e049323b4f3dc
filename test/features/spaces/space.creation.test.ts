import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const INVALID = { code: 'VALIDATION_ERROR', status: 422, type: 'validation_error' }

const WHOLE = `query ($id: ID!) {
  space(id: $id) {
    id name description accessMode threadCount vectorCount viewerCanEdit grants { role }
    organization { id } creator { id } embeddingModel embeddingDimensions createdAt lastActivityAt
  }
}`

test('a new space is PRIVATE and empty, belongs to its maker, and has the model of the server', async () => {
  const organization = await app.seed.organization()
  const member = await app.seed.member(organization)
  const input = { organizationId: organization.id, name: 'Knowledge', description: 'What we know' }

  const { createSpace } = await member.must('CreateSpace', { input })

  const { space } = await member.must(WHOLE, { id: createSpace.space.id })
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(space).toEqual({
    id: expect.stringMatching(/^space_/),
    name: 'Knowledge',
    description: 'What we know',
    accessMode: 'PRIVATE',
    threadCount: 0,
    vectorCount: 0,
    viewerCanEdit: true,
    grants: [],
    organization: { id: organization.id },
    creator: { id: member.userId },
    embeddingModel: 'fake-words@1',
    embeddingDimensions: 64,
    createdAt: time,
    lastActivityAt: time,
  })
})

test('a name has 1 to 255 characters', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const create = (name: string) => owner.run('CreateSpace', { input: { organizationId, name } })

  for (const name of ['', '   ', 'x'.repeat(256)]) expect(await create(name)).toFailWith(INVALID)
  for (const name of ['x', 'x'.repeat(255)])
    expect((await create(name)).data.createSpace.space.name).toBe(name)
})

test('an id that is given is kept, and is given once, also to many at once', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const input = { organizationId, name: 'Knowledge', id: `space_of_${organizationId}` }

  const replies = await Promise.all(Array.from({ length: 4 }, () => owner.run('CreateSpace', { input })))

  expect(replies.filter(({ errors }) => !errors).map(({ data }) => data.createSpace.space.id)).toEqual([
    input.id,
  ])
  for (const reply of replies.filter(({ errors }) => errors)) {
    expect(reply).toFailWith({ code: 'CONFLICT', status: 409, details: { id: input.id } })
  }
})

test('a space is made by who may write to its organization', async () => {
  const organization = await app.seed.organization()
  const input = { organizationId: organization.id, name: 'Knowledge' }
  const viewer = await app.seed.member(organization, 'VIEWER')
  const stranger = await app.seed.user()

  expect(await viewer.run('CreateSpace', { input })).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
    status: 403,
    systemMessage: 'Write access required',
  })
  expect(await stranger.run('CreateSpace', { input })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    status: 404,
    systemMessage: 'Organization not found',
  })
  expect(await stranger.run('CreateSpace', { input: { ...input, organizationId: 'acme' } })).toFailWith({
    ...INVALID,
    systemMessage: "Invalid organization_id format. Must start with 'org_'",
  })
})
