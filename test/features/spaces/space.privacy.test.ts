import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededLink } from '../../support/seed.js'

let app: TestApp
let link: SeededLink
let stranger: TestClient

beforeAll(async () => {
  app = await startTestApp()
  link = await app.seed.spaceWithThread({ messages: ['the secret recipe', 'the second secret'] })
  await app.seed.embedded(link.owner, link.backfillId)
  stranger = await app.seed.user()
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

type Attempt = [operation: string, subject: string, variables: () => Record<string, unknown>]

const spaceId = () => ({ spaceId: link.space.id })
const backfillId = () => ({ backfillId: link.backfillId })
const user = () => ({ ...spaceId(), userId: 'user_somebody' })
const threadAndSpace = () => ({ ...spaceId(), threadId: link.thread.id })

const ATTEMPTS: Attempt[] = [
  ['Space', 'Space', () => ({ id: link.space.id })],
  ['SearchSpace', 'Space', () => ({ ...spaceId(), query: 'secret' })],
  ['AddThreadToSpace', 'Thread', threadAndSpace],
  ['RemoveThreadFromSpace', 'Space', threadAndSpace],
  ['GrantSpaceAccess', 'Space', () => ({ ...user(), role: 'OWNER' })],
  ['RevokeSpaceAccess', 'Space', user],
  ['DeleteSpace', 'Space', spaceId],
  ['Backfill', 'Backfill', () => ({ id: link.backfillId })],
  ['CancelBackfill', 'Backfill', backfillId],
  ['RetryBackfill', 'Backfill', backfillId],
  ['Thread', 'Thread', () => ({ id: link.thread.id })],
  [
    'query ($id: ID!) { spaces(organizationId: $id) { edges { node { id } } } }',
    'Organization',
    () => ({ id: link.organization.id }),
  ],
]

describe('what a stranger asks of another tenant is not found, as if it did not exist:', () => {
  test.each(ATTEMPTS)('%s', async (operation, subject, variables) => {
    const reply = await stranger.run(operation, variables())

    expect(reply).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
      status: 404,
      type: 'client_error',
      systemMessage: `${subject} not found`,
    })
    expect(JSON.stringify(reply)).not.toContain('secret recipe')
    expect((await link.owner.must('Space', { id: link.space.id })).space).toMatchObject({
      threadCount: 1,
      vectorCount: 2,
    })
  })

  test.each([
    ['BackfillProgress', 'Backfill', backfillId],
    ['SpaceBackfillProgress', 'Space', spaceId],
  ] as const)('%s', async (operation, subject, variables) => {
    const [reply, ...others] = await stranger.subscribe(operation, variables()).rest()

    expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: `${subject} not found` })
    expect(others).toEqual([])
  })
})

test('a search finds nothing of another space, however near it is', async () => {
  const { space, thread } = await app.seed.spaceWithThread({ messages: ['the weather'] })
  const backfillId = await app.seed.link(space, thread)
  await app.seed.embedded(space.owner, backfillId)

  const { searchSpace } = await space.owner.must('SearchSpace', {
    spaceId: space.id,
    query: 'the secret recipe',
  })

  expect(searchSpace.edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual(thread.messageIds)
})

test('the spaces of somebody are those of its organizations that it may see, and those it was given', async () => {
  const organization = await app.seed.organization()
  const shared = await app.seed.space(organization, 'ORGANIZATION')
  await app.seed.space(organization, 'PRIVATE')
  const elsewhere = await app.seed.space()
  await app.seed.space(undefined, 'PUBLIC')
  const member = await app.seed.member(organization)
  const grant = { spaceId: elsewhere.id, userId: member.userId, role: 'VIEWER' }
  await elsewhere.owner.must('GrantSpaceAccess', grant)

  const { spaces } = await member.must('{ spaces { edges { node { id } } } }')

  expect(spaces.edges).toEqual([elsewhere, shared].map(({ id }) => ({ node: { id } })))
})

const CONTENTS = `query ($id: ID!) {
  space(id: $id) {
    threads {
      edges { node { id title metadata lastMessage { id } messages { edges { node { id } } } agentRuns { edges { node { id } } } } }
    }
  }
}`

test('who may see a space sees the titles of its threads and what a search finds, not the threads themselves', async () => {
  const viewer = await app.seed.grant(link.space, 'VIEWER')

  const { space } = await viewer.must(CONTENTS, { id: link.space.id })
  const { searchSpace } = await viewer.must('SearchSpace', { ...spaceId(), query: 'recipe', first: 1 })

  expect(space.threads.edges).toEqual([
    {
      node: {
        id: link.thread.id,
        title: 'Plans',
        metadata: null,
        lastMessage: null,
        messages: null,
        agentRuns: null,
      },
    },
  ])
  expect(searchSpace.edges[0].node).toMatchObject({ content: 'the secret recipe' })
  expect(await viewer.run('Thread', { id: link.thread.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
})

test("a thread's spaces are those that the caller may see", async () => {
  const organization = await app.seed.organization()
  const open = await app.seed.space(organization, 'ORGANIZATION')
  const closed = await app.seed.space(organization, 'PRIVATE')
  const thread = await app.seed.thread({ organization })
  await app.seed.link(open, thread)
  await app.seed.link(closed, thread)
  const member = await app.seed.member(organization)

  const seenBy = async (client: TestClient) =>
    (await client.must('Thread', { id: thread.id })).thread.spaces.edges.map(
      ({ node }: { node: { id: string } }) => node.id,
    )

  expect(await seenBy(member)).toEqual([open.id])
  expect(await seenBy(organization.owner)).toEqual([closed.id, open.id])
})
