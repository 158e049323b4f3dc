import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import { conversation, done, imported, runImport, unchanged } from './import.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }

describe('an import', () => {
  test('makes threads with the ids, times and messages that they have, owned by the caller', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const thread = {
      ...conversation(3),
      createdAt: '2021-02-03T04:05:06.000Z',
      metadata: { source: 'export' },
    }
    thread.messages = thread.messages.map((message, index) => ({
      ...message,
      createdAt: `2021-02-03T04:05:0${index}.000Z`,
    }))

    expect(await imported(owner, [thread], organizationId)).toEqual([done(thread.id, 3)])

    const { thread: read } = await owner.must(
      `query ($id: ID!) { thread(id: $id) { title createdAt metadata messageCount lastMessageAt owner { id }
        messages { edges { node { id role content sequence createdAt } } } } }`,
      { id: thread.id },
    )
    const { messages, id, ...rest } = thread
    expect(read).toEqual({
      ...rest,
      messageCount: 3,
      lastMessageAt: '2021-02-03T04:05:02.000Z',
      owner: { id: owner.userId },
      messages: { edges: messages.map((message, index) => ({ node: { ...message, sequence: index + 1 } })) },
    })
    const { deleteThread } = await owner.must('DeleteThread', { threadId: id })
    expect(deleteThread.conversationId).toBe(id)
  })

  test('twice changes nothing, and one that has grown adds what is new', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const threads = [conversation(2), conversation(0), conversation(5)]
    const ids = threads.map(({ id }) => id) as [string, string, string]
    expect(await imported(owner, threads, organizationId)).toEqual([
      done(ids[0], 2),
      done(ids[1], 0),
      done(ids[2], 5),
    ])

    expect(await imported(owner, threads, organizationId)).toEqual(ids.map(unchanged))

    const grown = [conversation(4, ids[0]), ...threads.slice(1)]
    const results = [done(ids[0], 2), unchanged(ids[1]), unchanged(ids[2])]
    expect(await imported(owner, grown, organizationId)).toEqual(results)
    const { thread } = await owner.must('Thread', { id: ids[0] })
    expect(thread.messages.edges.map(({ node }: Json) => node.content)).toEqual(
      [0, 1, 2, 3].map((index) => `line ${index}`),
    )
    await expectInvariants(app.pool)
  })

  test('cuts a title that is too long, and divides no character', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const thread = { ...conversation(1), title: ` ${'x'.repeat(254)}😀` }

    await imported(owner, [thread], organizationId)

    const { thread: read } = await owner.must('Thread', { id: thread.id })
    expect(read.title).toBe('x'.repeat(254))
  })

  test('goes where createThread goes when it names no organization', async () => {
    const user = await app.seed.user()
    const [first, second] = [conversation(1), conversation(1)]

    expect(await imported(user, [first])).toEqual([done(first.id, 1)])
    expect(await imported(user, [second])).toEqual([done(second.id, 1)])

    const { viewer } = await user.must('Viewer')
    expect(viewer.organizations.edges).toMatchObject([
      { node: { name: 'Personal', usage: { threads: 2, messages: 2 } } },
    ])
  })
})

describe('the size of an import', () => {
  test('is up to 1,000 messages and 1,000 threads', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const long = conversation(1_000)
    const empty = Array.from({ length: 1_000 }, () => conversation(0))

    expect(await imported(owner, [long], organizationId)).toEqual([done(long.id, 1_000)])
    expect(await imported(owner, empty, organizationId)).toEqual(empty.map(({ id }) => done(id, 0)))
  })

  test.each([
    ['no thread', () => [], { threads: 0, messages: 0 }],
    ['1,001 messages', () => [conversation(600), conversation(401)], { threads: 2, messages: 1_001 }],
    [
      '1,001 threads',
      () => Array.from({ length: 1_001 }, () => conversation(0)),
      { threads: 1_001, messages: 0 },
    ],
  ])('is not %s', async (_, make, details) => {
    const { id: organizationId, owner } = await app.seed.organization()

    const reply = await runImport(owner, make(), organizationId)

    const systemMessage =
      'Invalid threads. Import 1 to 1,000 threads with up to 1,000 messages and 1,000 agent runs in all at once.'
    expect(reply).toFailWith({ ...INVALID, systemMessage, details: { ...details, agentRuns: 0 } })
  })
})
