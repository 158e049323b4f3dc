import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const missing = (threadId: string) => ({
  code: 'RESOURCE_NOT_FOUND',
  status: 404,
  systemMessage: 'Thread not found',
  details: { threadId },
})

/** What a reply says of an id, with the id and what differs in each reply taken out. */
async function answer(client: TestClient, id: string): Promise<string> {
  const { data, errors } = await client.run('Thread', { id })
  const plain = errors?.map(({ extensions: { traceId, timestamp, ...rest } }) => rest)
  return JSON.stringify({ data, plain }).replaceAll(id, 'ID')
}

test.each(['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'] as const)(
  'a thread is read by its owner and by a member of its organization with the role %s, and by nobody else',
  async (role) => {
    const organization = await app.seed.organization()
    const thread = await app.seed.thread({ organization, messages: 1 })
    const member = await app.seed.member(organization, role)
    const stranger = await app.seed.user()

    for (const reader of [thread.owner, member]) {
      expect(await reader.must('Thread', { id: thread.id })).toMatchObject({ thread: { messageCount: 1 } })
    }
    expect(await stranger.run('Thread', { id: thread.id })).toFailWith(missing(thread.id))
    expect(await app.anonymous().run('Thread', { id: thread.id })).toFailWith({
      code: 'UNAUTHENTICATED',
      systemMessage: 'No credential',
    })
  },
)

test('a thread that is not visible, one that is deleted and one that never was are answered alike', async () => {
  const stranger = await app.seed.user()
  const foreign = await app.seed.thread()
  const own = await app.seed.thread({ owner: stranger })
  await stranger.must('DeleteThread', { threadId: own.id })
  const hidden = await app.seed.thread({ owner: stranger })
  await stranger.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })

  const nothing = await answer(stranger, 'thrd_none')

  for (const { id } of [foreign, own, hidden]) expect(await answer(stranger, id)).toBe(nothing)
})

test('who sees a thread in a space, but may not read it, sees its title and nothing that is said in it', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const thread = await app.seed.thread({ organization, messages: 2 })
  await app.seed.link(space, thread)
  const guest = await app.seed.grant(space, 'VIEWER')
  const document = `query ($id: ID!) { space(id: $id) { threads { edges { node {
    id title metadata messageCount project { id } lastMessage { content }
    messages { edges { node { content } } } agentRuns { edges { node { id } } } spaces { edges { node { id } } }
  } } } } }`

  const { space: seen } = await guest.must(document, { id: space.id })

  const [{ node }] = seen.threads.edges
  const hidden = { metadata: null, project: null, lastMessage: null, messages: null, agentRuns: null }
  expect(node).toEqual({
    id: thread.id,
    title: 'Plans',
    messageCount: 2,
    ...hidden,
    spaces: { edges: [{ node: { id: space.id } }] },
  })
  expect(await guest.run('Thread', { id: thread.id })).toFailWith(missing(thread.id))
  const { searchSpace } = await searched(guest, space.id)
  for (const { node: message } of searchSpace.edges) {
    expect(message.thread).toEqual({ id: thread.id, title: 'Plans', messages: null })
  }
})

/** Once both messages are found. */
async function searched(client: TestClient, spaceId: string) {
  const document = `query ($spaceId: ID!) { searchSpace(spaceId: $spaceId, query: "topic") {
    edges { node { content thread { id title messages { edges { node { id } } } } } }
  } }`
  const { space } = await client.must('Space', { id: spaceId })
  const [edge] = space.threads.edges
  await app.seed.embedded(client, edge.backfill.id)
  const found = await client.must(document, { spaceId })
  expect(found.searchSpace.edges).toHaveLength(2)
  return found
}

test.each(['', 'with space', 'x'.repeat(129)])('an id that is none, %j, is refused unread', async (id) => {
  const user = await app.seed.user()
  const systemMessage = 'Invalid threadId. An id has 1 to 128 printable characters and no spaces.'

  expect(await user.run('Thread', { id })).toFailWith({
    code: 'VALIDATION_ERROR',
    status: 422,
    systemMessage,
  })
})

test('who is no member any more is given no reply of a call that is sent again', async () => {
  const organization = await app.seed.organization()
  const member = await app.seed.member(organization)
  const thread = await app.seed.thread({ organization })
  const document = `mutation ($threadId: ID!) {
    appendMessages(threadId: $threadId, messages: [{ role: USER, content: "mine" }], idempotencyKey: "once") {
      messages { content }
      thread { messageCount messages { edges { node { content } } } }
    }
  }`
  const append = () => member.run(document, { threadId: thread.id })
  expect((await append()).data.appendMessages.thread.messages.edges).toHaveLength(1)

  await app.pool.query('delete from member where user_id = $1', [member.userId])
  await app.seed.messages(thread, ['secret'])

  expect(await append()).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Thread not found' })
})
