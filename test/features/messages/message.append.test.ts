import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import type { SeededThread } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }
const MIB = 1024 * 1024

interface NewMessage {
  content: string
  role?: string
  id?: string
  createdAt?: string
}

function append(thread: SeededThread, messages: readonly NewMessage[]): Promise<Reply> {
  const withRoles = messages.map((message) => ({ role: 'USER', ...message }))
  return thread.owner.run('AppendMessages', { threadId: thread.id, messages: withRoles })
}

async function appended(thread: SeededThread, messages: readonly NewMessage[]) {
  const { data, errors } = await append(thread, messages)
  expect(errors).toBeUndefined()
  return data.appendMessages
}

async function countsOf({ id, owner }: SeededThread) {
  const { thread } = await owner.must('Thread', { id, first: 100 })
  expect(thread.messages.edges).toHaveLength(Math.min(thread.messageCount, 100))
  return thread.messageCount
}

describe('how many messages are appended at once', () => {
  test.each([1, 2, 1_000])('%d are, in their order', async (count) => {
    const thread = await app.seed.thread()
    const messages = Array.from({ length: count }, (_, index) => ({ content: `number ${index}` }))

    const { messages: added, thread: grown } = await appended(thread, messages)

    expect(added.map(({ content }: NewMessage) => content)).toEqual(messages.map(({ content }) => content))
    expect(added.map(({ sequence }: { sequence: number }) => sequence)).toEqual(
      messages.map((_, index) => index + 1),
    )
    expect(grown).toEqual({ id: thread.id, messageCount: count, lastMessageAt: added.at(-1).createdAt })
  })

  test.each([0, 1_001])('%d are refused', async (count) => {
    const thread = await app.seed.thread()

    const reply = await append(
      thread,
      Array.from({ length: count }, () => ({ content: 'text' })),
    )

    const systemMessage = 'Invalid messages. Append 1 to 1,000 messages at once.'
    expect(reply).toFailWith({ ...INVALID, systemMessage, details: { count } })
    expect(await countsOf(thread)).toBe(0)
  })
})

describe('the content of a message', () => {
  test.each([
    ['ASCII', 'x'.repeat(MIB)],
    ['characters of two bytes', 'é'.repeat(MIB / 2)],
    ['characters of four bytes', '😀'.repeat(MIB / 4)],
  ])('has up to 1 MiB of UTF-8: %s', async (_, content) => {
    const thread = await app.seed.thread()

    const { messages } = await appended(thread, [{ content }])

    expect(messages[0].content === content).toBe(true)
    const reply = await append(thread, [{ content: `${content}x` }])
    const systemMessage = 'Invalid messages[0].content. It must be at most 1 MiB of UTF-8.'
    expect(reply).toFailWith({ ...INVALID, systemMessage, details: { length: MIB + 1 } })
    expect(await countsOf(thread)).toBe(1)
  })

  test.each(['', ' ', '\n\t', 'é 😀 \u202e \ufeff', "'; drop table message; --", '{1,NULL,"\\"}'])(
    'is kept as it is: %j',
    async (content) => {
      const thread = await app.seed.thread()

      await appended(thread, [{ content, role: 'TOOL' }])

      const { thread: read } = await thread.owner.must('Thread', { id: thread.id })
      expect(read.messages.edges).toMatchObject([{ node: { content, role: 'TOOL' } }])
    },
  )
})

describe('the id of a message', () => {
  test('is kept when one is given, and minted when none is', async () => {
    const thread = await app.seed.thread()
    const id = randomUUID()

    const { messages } = await appended(thread, [{ id, content: 'first' }, { content: 'second' }])

    expect(messages).toMatchObject([{ id }, { id: expect.stringMatching(/^msg_/) }])
  })

  test('occurs once in a call', async () => {
    const thread = await app.seed.thread()

    const reply = await append(
      thread,
      [1, 2].map((index) => ({ id: 'msg_twice', content: `${index}` })),
    )

    const systemMessage = 'Invalid messages. Two of them have the same id.'
    expect(reply).toFailWith({ ...INVALID, systemMessage, details: { id: 'msg_twice' } })
  })

  test('that exists, here or in a thread of others, takes the whole call along and tells nothing else', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    const foreign = await app.seed.thread({ messages: 1 })

    for (const id of [thread.messageIds[0], foreign.messageIds[0]]) {
      const reply = await append(thread, [{ content: 'new' }, { id, content: 'again' }, { content: 'newer' }])
      const failure = { code: 'CONFLICT', status: 409, systemMessage: 'Message id exists', details: { id } }
      expect(reply).toFailWith(failure)
    }
    expect(await countsOf(thread)).toBe(1)
    await expectInvariants(app.pool)
  })

  test.each(['', 'with space', 'x'.repeat(129)])('is refused as %j', async (id) => {
    expect(await append(await app.seed.thread(), [{ id, content: 'text' }])).toFailWith(INVALID)
  })
})

describe('the last message', () => {
  test('is the one that was appended last, whenever it was said', async () => {
    const thread = await app.seed.thread()
    await appended(thread, [{ content: 'late', createdAt: '2031-01-01T00:00:00.000Z' }])

    await appended(thread, [
      { content: 'early', createdAt: '1969-07-20T20:17:40.000Z' },
      { content: 'first of all', createdAt: '0001-01-01T00:00:00.000Z' },
    ])

    const { threads } = await thread.owner.must('Threads')
    expect(threads.edges).toMatchObject([
      { node: { lastMessageAt: '0001-01-01T00:00:00.000Z', lastMessage: { content: 'first of all' } } },
    ])
    await expectInvariants(app.pool)
  })

  test.each([
    ['0000-12-31T23:59:59Z', '0000-12-31T23:59:59.000Z'],
    ['9999-12-31T23:59:59-01:00', '+010000-01-01T00:59:59.000Z'],
  ])('is not said at %s: years have four digits', async (time, createdAt) => {
    const thread = await app.seed.thread()

    const reply = await append(thread, [{ content: 'text', createdAt: time }])

    const systemMessage = 'Invalid createdAt. Its year must be 1 to 9999 in UTC.'
    expect(reply).toFailWith({ ...INVALID, systemMessage, details: { createdAt } })
    await appended(thread, [{ content: 'text', createdAt: '9999-12-31T23:59:59.999Z' }])
  })
})
