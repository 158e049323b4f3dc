import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { auditOf, listed, rowsOf, times, usageOf } from './deletion.fixture.js'

const TWINS = 6
const REUSED = { code: 'CONFLICT', status: 409, systemMessage: 'Idempotency key reused' }
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

async function deletionsOf(targetId: string | null): Promise<number> {
  const events = await auditOf(app.pool, targetId ?? '')
  return events.filter(({ action }) => action.endsWith('deleted')).length
}

test.each(['PERMANENT', 'SOFT'])(
  'the same key gives the first receipt again, to the byte: %s',
  async (mode) => {
    const thread = await app.seed.thread({ messages: 2 })
    const variables = { threadId: thread.id, mode, idempotencyKey: 'once' }

    const first = await thread.owner.must('DeleteThread', variables)
    const second = await thread.owner.must('DeleteThread', variables)

    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(await deletionsOf(thread.id)).toBe(1)
  },
)

test('calls with one key at once have one effect and one receipt', async () => {
  const thread = await app.seed.thread({ messages: 2 })
  const variables = { threadId: thread.id, idempotencyKey: 'once' }

  const receipts = await times(TWINS, () => thread.owner.must('DeleteThread', variables))

  expect(new Set(receipts.map((receipt) => JSON.stringify(receipt))).size).toBe(1)
  expect(await deletionsOf(thread.id)).toBe(1)
  expect(await usageOf(thread.owner, thread.organizationId)).toMatchObject({ threads: 0, messages: 0 })
})

test('the mode that is meant when none is given is the same argument', async () => {
  const thread = await app.seed.thread()
  const variables = { threadId: thread.id, idempotencyKey: 'once' }

  const first = await thread.owner.must('DeleteThread', variables)

  expect(await thread.owner.must('DeleteThread', { ...variables, mode: 'PERMANENT' })).toEqual(first)
})

test('a key with other arguments is refused, and nothing happens', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const [first, other] = [await app.seed.thread({ organization }), await app.seed.thread({ organization })]
  await owner.must('DeleteThread', { threadId: first.id, mode: 'SOFT', idempotencyKey: 'once' })

  for (const variables of [{ threadId: other.id, mode: 'SOFT' }, { threadId: first.id }]) {
    expect(await owner.run('DeleteThread', { ...variables, idempotencyKey: 'once' })).toFailWith({
      ...REUSED,
      details: { idempotencyKey: 'once' },
    })
  }
  expect(await listed(owner)).toEqual({ ids: [other.id], totalCount: 1 })
})

test('a key belongs to its user: another one’s is another key', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const member = await app.seed.member(organization)
  const [first, other] = [await app.seed.thread({ organization }), await app.seed.thread({ organization })]
  await owner.must('DeleteThread', { threadId: first.id, idempotencyKey: 'once' })

  expect(await member.run('DeleteThread', { threadId: first.id, idempotencyKey: 'once' })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
  })
  const { deleteThread } = await member.must('DeleteThread', { threadId: other.id, idempotencyKey: 'once' })
  expect(deleteThread).toMatchObject({ threadId: other.id, deletedBy: member.userId })
})

test('a key belongs to its operation', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const thread = await app.seed.thread({ organization })
  await app.seed.thread({ organization })
  await owner.must('DeleteThread', { threadId: thread.id, idempotencyKey: 'once' })

  const { deleteAllThreads } = await owner.must('DeleteAllThreads', { idempotencyKey: 'once' })

  expect(deleteAllThreads.deleted).toBe(1)
})

test('a call that fails leaves its key free', async () => {
  const thread = await app.seed.thread()
  const { owner } = thread
  expect(await owner.run('DeleteThread', { threadId: 'thrd_missing', idempotencyKey: 'once' })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
  })

  await owner.must('DeleteThread', { threadId: thread.id, idempotencyKey: 'once' })

  expect(await deletionsOf(thread.id)).toBe(1)
})

test('without a key the second call is a second deletion', async () => {
  const thread = await app.seed.thread()
  await thread.owner.must('DeleteThread', { threadId: thread.id, idempotencyKey: 'once' })

  expect(await thread.owner.run('DeleteThread', { threadId: thread.id })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
  })
})

test('a key is forgotten after its day', async () => {
  const thread = await app.seed.thread()
  const { owner } = thread
  const variables = { threadId: thread.id, mode: 'SOFT', idempotencyKey: 'once' }
  await owner.must('DeleteThread', variables)
  await owner.must('RestoreThread', { threadId: thread.id })
  const lapse = `update idempotency_key set expires_at = now() - interval '1 second' where principal = $1`
  await app.pool.query(lapse, [owner.userId])

  await owner.must('DeleteThread', variables)

  expect(await deletionsOf(thread.id)).toBe(2)
})

test.each(['', 'with space', 'clé', 'x'.repeat(256)])('a key that is none is refused: "%s"', async (key) => {
  const thread = await app.seed.thread()

  for (const reply of [
    await thread.owner.run('DeleteThread', { threadId: thread.id, idempotencyKey: key }),
    await thread.owner.run('DeleteAllThreads', { idempotencyKey: key }),
  ]) {
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR', status: 422 })
  }
  expect(await rowsOf(app.pool, thread.id)).toMatchObject({ threads: 1 })
})

test('a key in the header may be as long as one in an argument', async () => {
  const thread = await app.seed.thread()
  const caller = thread.owner.with({ 'idempotency-key': 'x'.repeat(255) })

  const [first, second] = [
    await caller.must('DeleteThread', { threadId: thread.id }),
    await caller.must('DeleteThread', { threadId: thread.id }),
  ]

  expect(second).toEqual(first)
  const tooLong = thread.owner.with({ 'idempotency-key': 'x'.repeat(256) })
  expect(await tooLong.run('DeleteThread', { threadId: thread.id })).toFailWith({ code: 'VALIDATION_ERROR' })
})

test('a deletion of all threads with a key takes those that were there at its first call', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  await app.seed.thread({ organization })
  const variables = { organizationId: organization.id, idempotencyKey: 'once' }
  const first = await owner.must('DeleteAllThreads', variables)
  const later = await app.seed.thread({ organization })

  const second = await owner.must('DeleteAllThreads', variables)

  expect(second).toEqual(first)
  expect(await listed(owner)).toEqual({ ids: [later.id], totalCount: 1 })
  expect(await owner.run('DeleteAllThreads', { idempotencyKey: 'once' })).toFailWith(REUSED)
  expect(await deletionsOf(owner.userId)).toBe(1)
})

test('deletions of all threads with one key at once are one', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  for (let count = 0; count < 3; count++) await app.seed.thread({ organization })

  const replies = await times(TWINS, () => owner.must('DeleteAllThreads', { idempotencyKey: 'once' }))

  expect(replies[0].deleteAllThreads.deleted).toBe(3)
  expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1)
  expect(await deletionsOf(owner.userId)).toBe(1)
})
