import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded, SeededSpace } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const GRANT_TO_ROLE = `mutation ($spaceId: ID!, $organizationRole: OrganizationRole!, $role: SpaceRole!) {
  grantSpaceAccessToRole(spaceId: $spaceId, organizationRole: $organizationRole, role: $role) { space { id } }
}`

const EDIT_REQUIRED = {
  code: 'INSUFFICIENT_PERMISSIONS',
  status: 403,
  type: 'client_error',
  systemMessage: 'Edit access required',
}
const SPACE_NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Space not found' }
const THREAD_NOT_FOUND = { ...SPACE_NOT_FOUND, systemMessage: 'Thread not found' }

async function granted(organization: Seeded, space: SeededSpace, role: 'EDITOR' | 'OWNER' | 'VIEWER') {
  const member = await app.seed.member(organization)
  await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: member.userId, role })
  return member
}

type Candidate = (organization: Seeded, space: SeededSpace) => Promise<TestClient>

const EDITORS: Record<string, Candidate> = {
  'its creator': async (_, space) => space.owner,
  'a member with an EDITOR grant': (organization, space) => granted(organization, space, 'EDITOR'),
  'a member with an OWNER grant': (organization, space) => granted(organization, space, 'OWNER'),
  'a member whose role has an EDITOR grant': async (organization, space) => {
    const variables = { spaceId: space.id, organizationRole: 'MEMBER', role: 'EDITOR' }
    await space.owner.must(GRANT_TO_ROLE, variables)
    return app.seed.member(organization)
  },
  'an OWNER of the organization': (organization) => app.seed.member(organization, 'OWNER'),
  'an ADMIN of the organization': (organization) => app.seed.member(organization, 'ADMIN'),
}

test('a repeated reply is read with the rights of now, and given to nobody who has lost them', async () => {
  const { owner, organization, space, thread } = await app.seed.spaceWithThread({ messages: ['wool'] })
  const editor = await app.seed.grant(space, 'EDITOR')
  const own = await app.seed.thread({ owner: editor, messages: 1 })
  const document = `mutation ($spaceId: ID!, $threadId: ID!) {
    addThreadToSpace(spaceId: $spaceId, threadId: $threadId, idempotencyKey: "once") {
      space { threadCount viewerCanEdit grants { role } threads { edges { node { id } } } }
    }
  }`
  const add = () => editor.run(document, { spaceId: space.id, threadId: own.id })
  const edges = [{ node: { id: own.id } }, { node: { id: thread.id } }]
  const told = { threadCount: 2, viewerCanEdit: true, threads: { edges } }
  expect((await add()).data.addThreadToSpace.space).toMatchObject(told)

  const late = await app.seed.thread({ organization, messages: ['secret'] })
  await app.seed.link(space, late)
  const again = { threadCount: 2, threads: { edges: [{ node: { id: late.id } }, ...edges] } }
  expect((await add()).data.addThreadToSpace.space).toMatchObject(again)
  const grant = { spaceId: space.id, userId: editor.userId }
  await owner.must('GrantSpaceAccess', { ...grant, role: 'VIEWER' })
  expect(await add()).toFailWith({ code: 'INSUFFICIENT_PERMISSIONS', systemMessage: 'Edit access required' })
  await owner.must('RevokeSpaceAccess', grant)

  expect(await add()).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Space not found' })
})

describe('who may edit a space adds threads to it and removes them:', () => {
  test.each(Object.entries(EDITORS))('%s', async (_, candidate) => {
    const organization = await app.seed.organization()
    // Not by the organization's owner, whom its role lets edit every space.
    const creator = await app.seed.member(organization)
    const space = await app.seed.space({ id: organization.id, owner: creator })
    const thread = await app.seed.thread({ organization, messages: 1 })
    const ids = { spaceId: space.id, threadId: thread.id }
    const editor = await candidate(organization, space)

    const { addThreadToSpace } = await editor.must('AddThreadToSpace', ids)
    await app.seed.embedded(editor, addThreadToSpace.backfill.id)

    expect((await editor.must('Space', { id: space.id })).space).toMatchObject({
      viewerCanEdit: true,
      vectorCount: 1,
    })
    const { removeThreadFromSpace } = await editor.must('RemoveThreadFromSpace', ids)
    expect(removeThreadFromSpace).toMatchObject({ success: true, removedVectorCount: 1 })
  })
})

const VIEWERS: Record<string, ['PRIVATE' | 'ORGANIZATION' | 'PUBLIC', Candidate]> = {
  'a member with a VIEWER grant': [
    'PRIVATE',
    (organization, space) => granted(organization, space, 'VIEWER'),
  ],
  'a member of the organization of an ORGANIZATION space': [
    'ORGANIZATION',
    (organization) => app.seed.member(organization),
  ],
  'a VIEWER of the organization of an ORGANIZATION space': [
    'ORGANIZATION',
    (organization) => app.seed.member(organization, 'VIEWER'),
  ],
  'anybody in a PUBLIC space': ['PUBLIC', () => app.seed.user()],
}

describe('who may only see a space cannot add its own thread or remove one, and nothing is embedded:', () => {
  test.each(Object.entries(VIEWERS))('%s', async (_, [accessMode, candidate]) => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization, accessMode)
    const inside = await app.seed.thread({ organization })
    await app.seed.link(space, inside)
    const viewer = await candidate(organization, space)
    const own = await app.seed.thread({ owner: viewer, messages: 3 })

    const added = await viewer.run('AddThreadToSpace', { spaceId: space.id, threadId: own.id })
    const removed = await viewer.run('RemoveThreadFromSpace', { spaceId: space.id, threadId: inside.id })

    expect(added).toFailWith({ ...EDIT_REQUIRED, details: { spaceId: space.id } })
    expect(removed).toFailWith(EDIT_REQUIRED)
    expect(added.data).toEqual({ addThreadToSpace: null })
    expect((await viewer.must('Space', { id: space.id })).space).toMatchObject({
      viewerCanEdit: false,
      threadCount: 1,
      vectorCount: 0,
    })
  })
})

test.each(['a member of its organization', 'a stranger'])(
  'a PRIVATE space is not found by %s, who can neither add to it nor remove from it',
  async (who) => {
    const { organization, space, thread } = await app.seed.spaceWithThread({ messages: 1 })
    const user = who === 'a stranger' ? await app.seed.user() : await app.seed.member(organization)
    const own = await app.seed.thread({ owner: user })

    const added = await user.run('AddThreadToSpace', { spaceId: space.id, threadId: own.id })
    const removed = await user.run('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })

    expect(added).toFailWith({ ...SPACE_NOT_FOUND, details: { spaceId: space.id } })
    expect(removed).toFailWith({ ...SPACE_NOT_FOUND, details: { spaceId: space.id } })
  },
)

test('adding needs write access to the thread, too: who may only read it is refused, and a stranger finds none', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const thread = await app.seed.thread({ organization, messages: 2 })
  const ids = { spaceId: space.id, threadId: thread.id }
  const reader = await app.seed.member(organization, 'VIEWER')
  await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: reader.userId, role: 'EDITOR' })
  const stranger = await app.seed.grant(space, 'EDITOR')

  expect(await reader.run('AddThreadToSpace', ids)).toFailWith({
    ...EDIT_REQUIRED,
    systemMessage: 'Write access required',
    details: { threadId: thread.id },
  })
  expect(await stranger.run('AddThreadToSpace', ids)).toFailWith({
    ...THREAD_NOT_FOUND,
    details: { threadId: thread.id },
  })
  expect((await space.owner.must('Space', { id: space.id })).space.threadCount).toBe(0)
})

test('an editor removes a thread that it may not read', async () => {
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
  await app.seed.embedded(owner, backfillId)
  const editor = await app.seed.grant(space, 'EDITOR')
  const ids = { spaceId: space.id, threadId: thread.id }

  expect(await editor.run('Thread', { id: thread.id })).toFailWith(THREAD_NOT_FOUND)
  const { removeThreadFromSpace } = await editor.must('RemoveThreadFromSpace', ids)

  expect(removeThreadFromSpace).toMatchObject({ removedVectorCount: 2, space: { threadCount: 0 } })
  expect(await editor.run('RemoveThreadFromSpace', ids)).toFailWith(THREAD_NOT_FOUND)
})
