import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { EDIT_MESSAGE } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import type { FakeS3Endpoint } from '../../support/s3.endpoint.js'
import {
  type BackedUpApp,
  clear,
  countOf,
  deleteWithBackup,
  expectUntouched,
  recordsOf,
  startBackedUpApp,
  whileWriting,
} from './backup.fixture.js'

let started: BackedUpApp
let app: TestApp
let store: FakeS3Endpoint

beforeAll(async () => {
  started = await startBackedUpApp()
  ;({ app, store } = started)
})
beforeEach(() => clear(store))
afterAll(() => started[Symbol.asyncDispose]())

test('the thread is written whole before it is deleted, and the receipt says where', async () => {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  const thread = await app.seed.thread({
    organization,
    project,
    messages: ['first', '', 'größer 🧵\n"zwei"'],
  })
  const { startAgentRun } = await thread.owner.must('StartAgentRun', { threadId: thread.id })

  const { data } = await deleteWithBackup(thread)

  expect(data.deleteThread).toMatchObject({ status: 'SUCCESS', backupCreated: true, deletedMessageCount: 3 })
  expect(data.deleteThread.backupLocation).toMatch(/^s3:bkup_\w+\.jsonl$/)
  expect([...store.objects.keys()]).toEqual([data.deleteThread.backupLocation.replace('s3:', 'threads/')])
  const time = expect.stringMatching(/^\d{4}-.*Z$/)
  const messages = ['first', '', 'größer 🧵\n"zwei"'].map((content, index) => {
    const id = thread.messageIds[index]
    return { heddle: 'message', id, role: 'USER', content, createdAt: time, sequence: index + 1 }
  })
  expect(recordsOf(store)).toEqual([
    {
      heddle: 'thread',
      version: 1,
      id: thread.id,
      title: 'Plans',
      metadata: {},
      conversationId: null,
      ownerId: thread.owner.userId,
      organizationId: organization.id,
      organizationName: 'Acme',
      projectId: project.id,
      projectName: 'Website',
      messageCount: 3,
      agentRunCount: 1,
      createdAt: time,
    },
    ...messages,
    {
      heddle: 'agentRun',
      id: startAgentRun.agentRun.id,
      status: 'RUNNING',
      startedAt: time,
      finishedAt: null,
    },
  ])
  expect(await thread.owner.run('Thread', { id: thread.id })).toMatchObject({ data: { thread: null } })
  await expectInvariants(app.pool)
})

test('without being asked for, no backup is made, and the receipt says so', async () => {
  const thread = await app.seed.thread({ messages: 1 })
  const { deleteThread } = await thread.owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({ backupCreated: false, backupLocation: null })
  expect(store.actions).toEqual([])
})

test('a soft deletion can have a backup too', async () => {
  const thread = await app.seed.thread({ messages: 2 })
  const { data } = await deleteWithBackup(thread, { mode: 'SOFT' })

  expect(data.deleteThread).toMatchObject({ softDelete: true, backupCreated: true })
  expect(recordsOf(store)).toHaveLength(3)
  await thread.owner.must('RestoreThread', { threadId: thread.id })
  await expectUntouched(thread)
})

test('a thread of many pages is written in its order, none left out and none twice', async () => {
  const short = Array.from({ length: 2_100 }, (_, index) => `message ${index}`)
  const thread = await app.seed.thread({ messages: short })
  // Three of them fill a page, long before its rows do.
  const long: string[] = []
  for (let count = 0; count < 4; count++) {
    long.push(...(await app.seed.messages(thread, ['x'.repeat(1024 * 1024)])))
  }
  await deleteWithBackup(thread)

  const [, ...records] = recordsOf(store)
  expect(records.map(({ id }) => id)).toEqual([...thread.messageIds, ...long])
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, index) => index + 1))
})

describe('a thread that changes while it is written', () => {
  test('is written again with what was appended, and the first backup is removed', async () => {
    const thread = await app.seed.thread({ messages: 2 })
    whileWriting(store, () => app.seed.messages(thread, ['late']), 1)

    const { data } = await deleteWithBackup(thread)

    expect(data.deleteThread).toMatchObject({ backupCreated: true, deletedMessageCount: 3 })
    expect(recordsOf(store).map(({ content }) => content)).toContain('late')
    expect(countOf(store, 'put')).toBe(2)
  })

  test('is written again with what a message says since it was edited', async () => {
    const thread = await app.seed.thread({ messages: ['old'] })
    const variables = { messageId: thread.messageIds[0], content: 'new' }
    whileWriting(store, () => thread.owner.must(EDIT_MESSAGE, variables), 1)
    await deleteWithBackup(thread)

    expect(recordsOf(store).map(({ content }) => content)).toEqual([undefined, 'new'])
  })

  test('is written again with the agent run that started', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    whileWriting(store, () => thread.owner.must('StartAgentRun', { threadId: thread.id }), 1)
    await deleteWithBackup(thread)

    expect(recordsOf(store).map(({ heddle }) => heddle)).toEqual(['thread', 'message', 'agentRun'])
  })

  test('during every backup is kept, without any backup, and the caller gets an error', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    whileWriting(store, async () => {
      thread.messageIds.push(...(await app.seed.messages(thread, ['again'])))
    })

    const reply = await deleteWithBackup(thread)

    expect(reply).toFailWith({ code: 'CONFLICT', systemMessage: 'Thread kept changing' })
    expect(countOf(store, 'put')).toBe(3)
    expect(store.objects.size).toBe(0)
    await expectUntouched(thread)
  })

  test('and is deleted by somebody else is not found, and leaves no backup of this deletion', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    whileWriting(store, () => thread.owner.must('DeleteThread', { threadId: thread.id }), 1)

    expect(await deleteWithBackup(thread)).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
    expect(store.objects.size).toBe(0)
  })
})

describe('the same idempotency key', () => {
  test('gives the first receipt again, and writes no second backup', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    const idempotencyKey = randomUUID()

    const first = await deleteWithBackup(thread, { idempotencyKey })
    const second = await deleteWithBackup(thread, { idempotencyKey })

    expect(second.data).toEqual(first.data)
    expect(countOf(store, 'put')).toBe(1)
  })

  test('from many callers at once gives one receipt and one backup', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    const idempotencyKey = randomUUID()

    const replies = await Promise.all(
      Array.from({ length: 20 }, () => deleteWithBackup(thread, { idempotencyKey })),
    )

    const receipts = new Set(replies.map(({ data }) => JSON.stringify(data.deleteThread)))
    expect(receipts.size).toBe(1)
    expect(replies[0]?.data.deleteThread).toMatchObject({ backupCreated: true })
    expect(countOf(store, 'put')).toBe(1)
    expect(recordsOf(store)).toHaveLength(2)
  })

  test('without the backup is another call', async () => {
    const thread = await app.seed.thread()
    const idempotencyKey = randomUUID()
    await deleteWithBackup(thread, { idempotencyKey })

    expect(await deleteWithBackup(thread, { idempotencyKey, backup: false })).toFailWith({ code: 'CONFLICT' })
  })
})

describe('nothing is written for', () => {
  test('a caller who may not delete the thread, or cannot see it', async () => {
    const organization = await app.seed.organization()
    const thread = await app.seed.thread({ organization, messages: 1 })
    const viewer = await app.seed.member(organization, 'VIEWER')
    const stranger = await app.seed.user()

    expect(await deleteWithBackup({ id: thread.id, owner: viewer })).toFailWith({
      code: 'INSUFFICIENT_PERMISSIONS',
      systemMessage: 'Write access required',
    })
    expect(await deleteWithBackup({ id: thread.id, owner: stranger })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
    })
    expect(store.actions).toEqual([])
    await expectUntouched(thread)
  })

  test('a thread under a legal hold', async () => {
    const thread = await app.seed.thread({ messages: 1 })
    const hold =
      'mutation ($threadId: ID!) { setLegalHold(threadId: $threadId, legalHold: true) { threadId } }'
    await thread.owner.must(hold, { threadId: thread.id })

    expect(await deleteWithBackup(thread)).toFailWith({ code: 'CONFLICT', systemMessage: 'Legal hold' })
    expect(store.actions).toEqual([])
  })
})
