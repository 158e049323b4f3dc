import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { DELETE_MESSAGE, EDIT_MESSAGE, SET_LEGAL_HOLD } from '../../support/documents.js'
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

const APPEND_ONCE = `mutation ($threadId: ID!, $messages: [MessageInput!]!) {
  appendMessages(threadId: $threadId, messages: $messages, idempotencyKey: "append") {
    messages { id content }
  }
}`

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Message not found' }
const CHANGES = [
  ['an edit', EDIT_MESSAGE, { content: 'new' }],
  ['a deletion', DELETE_MESSAGE, {}],
] as const

function idOf({ messageIds }: SeededThread, index = 0): string {
  return messageIds[index] ?? expect.unreachable()
}

async function messagesOf({ id, owner }: SeededThread) {
  const { thread } = await owner.must('Thread', { id, first: 100 })
  return thread.messages.edges.map(({ node }: { node: { content: string } }) => node.content)
}

async function edit({ owner }: SeededThread, messageId: string, content: string) {
  return (await owner.must(EDIT_MESSAGE, { messageId, content })).editMessage
}

async function remove({ owner }: SeededThread, messageId: string) {
  return (await owner.must(DELETE_MESSAGE, { messageId })).deleteMessage
}

describe('an edited message', () => {
  test('says what is new, keeps its place, its role and its time, and tells when it was edited', async () => {
    const thread = await app.seed.thread({ messages: ['one', 'two', 'three'] })
    const before = (await edit(thread, idOf(thread, 1), 'two')).message
    expect(before).toMatchObject({ content: 'two', editedAt: null })

    const { message, thread: changed } = await edit(thread, idOf(thread, 1), 'zwei')

    expect(message).toEqual({ ...before, content: 'zwei', editedAt: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(changed).toEqual({ id: thread.id, messageCount: 3, lastMessage: { id: idOf(thread, 2) } })
    expect(await messagesOf(thread)).toEqual(['one', 'zwei', 'three'])
  })

  test('that says the same again was not edited', async () => {
    const thread = await app.seed.thread({ messages: ['same'] })

    expect((await edit(thread, idOf(thread), 'same')).message.editedAt).toBeNull()
  })

  test.each([
    ['is empty', '', ''],
    ['is a mebibyte', 'ä'.repeat(512 * 1024), 'ä'.repeat(512 * 1024)],
  ])('may say what %s', async (_, content, stored) => {
    const thread = await app.seed.thread({ messages: ['old'] })

    expect((await edit(thread, idOf(thread), content)).message.content === stored).toBe(true)
    expect((await messagesOf(thread))[0] === stored).toBe(true)
  })

  test.each([
    ['is more than a mebibyte', 'ä'.repeat(512 * 1024 + 1)],
    ['has a NUL', 'a\0b'],
    ['has half a character', 'a\ud800'],
  ])('may not say what %s', async (_, content) => {
    const thread = await app.seed.thread({ messages: ['old'] })

    expect(await thread.owner.run(EDIT_MESSAGE, { messageId: idOf(thread), content })).toFailWith({
      code: 'VALIDATION_ERROR',
      status: 422,
    })
    expect(await messagesOf(thread)).toEqual(['old'])
  })

  test('is edited once for an idempotency key, even if it is edited in between', async () => {
    const thread = await app.seed.thread({ messages: ['old'] })
    const variables = { messageId: idOf(thread), content: 'first', idempotencyKey: 'once' }
    const first = await thread.owner.must(EDIT_MESSAGE, variables)
    await edit(thread, idOf(thread), 'second')

    expect(await thread.owner.must(EDIT_MESSAGE, variables)).toEqual(first)

    expect(await messagesOf(thread)).toEqual(['second'])
  })
})

describe('a deleted message', () => {
  test('is gone from its thread, whose counts and last message are right', async () => {
    const thread = await app.seed.thread({ messages: ['one', 'two', 'three'] })

    expect(await remove(thread, idOf(thread, 2))).toMatchObject({
      deletedMessageId: idOf(thread, 2),
      thread: { messageCount: 2, lastMessage: { id: idOf(thread, 1) } },
    })
    expect((await remove(thread, idOf(thread, 0))).thread).toMatchObject({
      messageCount: 1,
      lastMessage: { id: idOf(thread, 1) },
    })
    expect(await messagesOf(thread)).toEqual(['two'])
    expect((await remove(thread, idOf(thread, 1))).thread).toMatchObject({
      messageCount: 0,
      lastMessageAt: null,
      lastMessage: null,
    })
    const { viewer } = await thread.owner.must('Viewer')
    expect(viewer.organizations.edges[0].node.usage).toMatchObject({ threads: 1, messages: 0 })
  })

  test('leaves a gap: no later message takes its place', async () => {
    const thread = await app.seed.thread({ messages: ['one', 'two'] })
    await remove(thread, idOf(thread, 1))

    const variables = { threadId: thread.id, messages: [{ role: 'USER', content: 'three' }] }
    const { appendMessages } = await thread.owner.must('AppendMessages', variables)

    expect(appendMessages.messages[0].sequence).toBe(3)
  })

  test('is deleted once, also by many at once', async () => {
    const thread = await app.seed.thread({ messages: 3 })
    const variables = { messageId: idOf(thread) }

    const replies = await Promise.all(
      Array.from({ length: 6 }, () => thread.owner.run(DELETE_MESSAGE, variables)),
    )

    expect(replies.filter(({ errors }) => !errors)).toHaveLength(1)
    for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith(NOT_FOUND)
    expect(await messagesOf(thread)).toHaveLength(2)
  })

  test('gives its first reply again to the same idempotency key', async () => {
    const thread = await app.seed.thread({ messages: 2 })
    const variables = { messageId: idOf(thread), idempotencyKey: 'once' }

    const first = await thread.owner.must(DELETE_MESSAGE, variables)

    expect(await thread.owner.must(DELETE_MESSAGE, variables)).toEqual(first)
  })

  test('is nowhere in the database, and who repeats its append gets the first reply', async () => {
    const thread = await app.seed.thread()
    const messages = ['kept', 'secret'].map((content) => ({ role: 'USER', content }))
    const variables = { threadId: thread.id, messages }
    const first = await thread.owner.must(APPEND_ONCE, variables)

    await remove(thread, first.appendMessages.messages[1].id)

    const { rowCount } = await app.pool.query(
      `select 1 from idempotency_key where principal = $1 and reply::text like '%secret%'`,
      [thread.owner.userId],
    )
    expect(rowCount).toBe(0)
    expect(await thread.owner.must(APPEND_ONCE, variables)).toEqual(first)
    expect(await messagesOf(thread)).toEqual(['kept'])
  })
})

describe.each(CHANGES)('%s', (_, document, more) => {
  test('of a message that is missing, or of a deleted thread, finds none', async () => {
    const hidden = await app.seed.thread({ messages: 1 })
    await hidden.owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })
    const purged = await app.seed.thread({ messages: 1 })
    await purged.owner.must('DeleteThread', { threadId: purged.id, mode: 'PERMANENT' })

    for (const [thread, messageId] of [
      [hidden, idOf(hidden)],
      [purged, idOf(purged)],
      [purged, 'msg_none'],
    ] as const) {
      expect(await thread.owner.run(document, { messageId, ...more })).toFailWith({
        ...NOT_FOUND,
        details: { messageId },
      })
    }
  })

  test('needs write access to the thread: who only sees it in a space, in whatever role, finds none', async () => {
    const { space, thread } = await app.seed.spaceWithThread({ messages: ['old'] })
    for (const role of ['VIEWER', 'EDITOR', 'OWNER'] as const) {
      const guest = await app.seed.grant(space, role)

      expect(await guest.run(document, { messageId: idOf(thread), ...more })).toFailWith(NOT_FOUND)
    }
    expect(await messagesOf(thread)).toEqual(['old'])
  })

  test('is refused while the thread is under a legal hold', async () => {
    const thread = await app.seed.thread({ messages: ['evidence'] })
    const hold = (legalHold: boolean) => thread.owner.must(SET_LEGAL_HOLD, { threadId: thread.id, legalHold })
    await hold(true)

    expect(await thread.owner.run(document, { messageId: idOf(thread), ...more })).toFailWith({
      code: 'CONFLICT',
      systemMessage: 'Legal hold',
    })
    expect(await messagesOf(thread)).toEqual(['evidence'])
    await hold(false)
    await thread.owner.must(document, { messageId: idOf(thread), ...more })
  })

  test('and a deletion of the thread at once: what was acknowledged is in the receipt', async () => {
    for (const mode of ['SOFT', 'PERMANENT']) {
      const thread = await app.seed.thread({ messages: 4 })

      const [receipt, ...replies] = await Promise.all([
        thread.owner.must('DeleteThread', { threadId: thread.id, mode }),
        ...thread.messageIds.map((messageId) => thread.owner.run(document, { messageId, ...more })),
      ])

      const refused = replies.filter(({ errors }) => errors)
      for (const { errors } of refused) expect(errors?.[0]?.extensions.code).toBe('RESOURCE_NOT_FOUND')
      const deleted = document === DELETE_MESSAGE ? replies.length - refused.length : 0
      expect(receipt.deleteThread.deletedMessageCount).toBe(4 - deleted)
    }
    await expectInvariants(app.pool)
  })
})

test('of many edits and a deletion of one message at once, each is done before it or finds none', async () => {
  const thread = await app.seed.thread({ messages: 2 })
  const messageId = idOf(thread)
  const edits = Array.from({ length: 6 }, (_, index) => ({ messageId, content: `version ${index}` }))

  const [, ...replies] = await Promise.all([
    remove(thread, messageId),
    ...edits.map((variables) => thread.owner.run(EDIT_MESSAGE, variables)),
  ])

  for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith(NOT_FOUND)
  expect(await messagesOf(thread)).toHaveLength(1)
})
