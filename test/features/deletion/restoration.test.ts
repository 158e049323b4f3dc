import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'
import { auditOf, codeOf, listed, rowsOf, times, usageOf } from './deletion.fixture.js'

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Thread not found' }
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const LIMIT = 3
let app: TestApp
/** where an organization may have few threads */
let narrow: TestApp

beforeAll(async () => {
  app = await startTestApp()
  narrow = await startTestApp({ environment: { ORGANIZATION_THREAD_LIMIT: String(LIMIT) } })
})
afterAll(async () => {
  await narrow[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
})
afterEach(async () => {
  await expectSoundRest(narrow.pool)
  await expectSoundRest(app.pool)
})

async function hide({ id, owner }: Seeded): Promise<void> {
  await owner.must('DeleteThread', { threadId: id, mode: 'SOFT' })
}

function quotaExceeded(organization: Seeded) {
  return {
    code: 'QUOTA_EXCEEDED',
    status: 403,
    type: 'client_error',
    systemMessage: 'Thread limit reached',
    details: { organizationId: organization.id, limit: LIMIT },
  }
}

test.each(['OWNER', 'ADMIN', 'MEMBER'] as const)(
  'a %s of the organization may restore the thread of another',
  async (role) => {
    const organization = await app.seed.organization()
    const thread = await app.seed.thread({ organization, owner: await app.seed.member(organization) })
    await hide(thread)
    const client = await app.seed.member(organization, role)

    await client.must('RestoreThread', { threadId: thread.id })

    expect(await listed(thread.owner)).toEqual({ ids: [thread.id], totalCount: 1 })
  },
)

test('to who may not restore it, a deleted thread is missing, alike in every byte', async () => {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization })
  await hide(thread)
  const missingId = `${thread.id.slice(0, -4)}zzzz`
  const viewer = await app.seed.member(organization, 'VIEWER')

  for (const user of [viewer, await app.seed.user()]) {
    const client = user.with({ traceparent: TRACEPARENT })
    const [invisible, missing] = await Promise.all(
      [thread.id, missingId].map(async (threadId) => {
        const reply = await client.run('RestoreThread', { threadId })
        expect(reply).toFailWith({ ...NOT_FOUND, details: { threadId } })
        return JSON.stringify(reply.errors)
          .replaceAll(threadId, 'ID')
          .replace(/"timestamp":"[^"]+"/, '')
      }),
    )
    expect(invisible).toBe(missing)
  }
  expect(await rowsOf(app.pool, thread.id)).toMatchObject({ threads: 1 })
  expect(await listed(thread.owner)).toEqual({ ids: [], totalCount: 0 })
})

test('nobody restores without a credential, and what is no id is refused', async () => {
  const thread = await app.seed.thread()
  await hide(thread)

  expect(await app.anonymous().run('RestoreThread', { threadId: thread.id })).toFailWith({
    code: 'UNAUTHENTICATED',
    status: 401,
  })
  expect(await thread.owner.run('RestoreThread', { threadId: 'no id' })).toFailWith({
    code: 'VALIDATION_ERROR',
    status: 422,
  })
})

test('a thread that is live is answered with as it is, to who may write to it', async () => {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization, messages: 2 })
  const { id, owner } = thread
  const live = { restoreThread: { thread: { id, deletedAt: null, messageCount: 2 } } }

  expect(await owner.must('RestoreThread', { threadId: id })).toEqual(live)
  await hide(thread)
  for (const _ of ['first', 'second']) {
    expect(await owner.must('RestoreThread', { threadId: id })).toEqual(live)
  }

  expect(await usageOf(owner, organization.id)).toMatchObject({ threads: 1, messages: 2 })
  const viewer = await app.seed.member(organization, 'VIEWER')
  expect(await viewer.run('RestoreThread', { threadId: id })).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
    status: 403,
    systemMessage: 'Write access required',
  })
  expect(await (await app.seed.user()).run('RestoreThread', { threadId: id })).toFailWith(NOT_FOUND)
})

test('a thread that is gone for good cannot be restored', async () => {
  const thread = await app.seed.thread()

  await thread.owner.must('DeleteThread', { threadId: thread.id })

  expect(await thread.owner.run('RestoreThread', { threadId: thread.id })).toFailWith(NOT_FOUND)
})

test('a restoration leaves one audit event', async () => {
  const thread = await app.seed.thread()
  await hide(thread)

  await thread.owner.must('RestoreThread', { threadId: thread.id })

  const events = await auditOf(app.pool, thread.id)
  expect(events.filter(({ action }) => action === 'thread.restored')).toMatchObject([
    { actor_id: thread.owner.userId, organization_id: thread.organizationId },
  ])
})

test('many restorations at once have one reply, and usage rises once', async () => {
  const thread = await app.seed.thread({ messages: 2 })
  await hide(thread)

  const replies = await times(8, () => thread.owner.must('RestoreThread', { threadId: thread.id }))

  expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1)
  expect(await usageOf(thread.owner, thread.organizationId)).toMatchObject({ threads: 1, messages: 2 })
})

test('after its time a thread cannot be restored', async () => {
  const thread = await app.seed.thread()
  await hide(thread)
  const lapse = `update deletion_batch set purge_after = now() - interval '1 second' where thread_id = $1`
  await app.pool.query(lapse, [thread.id])

  expect(await thread.owner.run('RestoreThread', { threadId: thread.id })).toFailWith({
    code: 'CONFLICT',
    status: 409,
    systemMessage: 'Restore period ended',
    details: { threadId: thread.id },
  })
  expect(await listed(thread.owner)).toEqual({ ids: [], totalCount: 0 })
})

test('an import adds nothing to a soft-deleted thread', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const document = `mutation ($organizationId: ID, $threads: [ImportThreadInput!]!) {
    importThreads(organizationId: $organizationId, threads: $threads) { results { status error { code } } }
  }`
  const imports = (...ids: string[]) =>
    owner.must(document, {
      organizationId: organization.id,
      threads: [{ id: 'imported', messages: ids.map((id) => ({ id, role: 'USER', content: id })) }],
    })
  await imports('imported-1')
  await hide({ id: 'imported', owner })

  const { importThreads } = await imports('imported-1', 'imported-2')

  expect(importThreads.results).toEqual([{ status: 'FAILED', error: { code: 'CONFLICT' } }])
  expect(await rowsOf(app.pool, 'imported')).toMatchObject({ messages: 1 })
})

test('a restoration meets the limit of the organization, and the thread stays deleted', async () => {
  const organization = await narrow.seed.organization()
  const thread = await narrow.seed.thread({ organization })
  await hide(thread)
  const [first] = await times(LIMIT, () => narrow.seed.thread({ organization }))

  const reply = await thread.owner.run('RestoreThread', { threadId: thread.id })

  expect(reply).toFailWith(quotaExceeded(organization))
  expect(await usageOf(thread.owner, organization.id)).toMatchObject({ threads: LIMIT })
  expect((await listed(thread.owner)).ids).not.toContain(thread.id)

  await first?.owner.must('DeleteThread', { threadId: first.id })
  await thread.owner.must('RestoreThread', { threadId: thread.id })
  expect((await listed(thread.owner)).ids).toContain(thread.id)
})

test('restorations at once do not pass the limit together', async () => {
  const organization = await narrow.seed.organization()
  const hidden = await times(LIMIT, () => narrow.seed.thread({ organization }))
  for (const thread of hidden) await hide(thread)
  await times(LIMIT - 1, () => narrow.seed.thread({ organization }))

  const replies = await Promise.all(
    hidden.map(({ id, owner }) => owner.run('RestoreThread', { threadId: id })),
  )

  expect(replies.filter((reply) => codeOf(reply) === null)).toHaveLength(1)
  for (const reply of replies) if (codeOf(reply)) expect(reply).toFailWith(quotaExceeded(organization))
  expect(await usageOf(organization.owner, organization.id)).toMatchObject({ threads: LIMIT })
})

test('a batch that does not fit is not restored at all', async () => {
  const organization = await narrow.seed.organization()
  const { owner } = organization
  await times(LIMIT, () => narrow.seed.thread({ organization }))
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  const kept = await narrow.seed.thread({ organization })

  const reply = await owner.run('RestoreThreads', { batchId: deleteAllThreads.batchId })

  expect(reply).toFailWith(quotaExceeded(organization))
  expect(await listed(owner)).toEqual({ ids: [kept.id], totalCount: 1 })

  await owner.must('DeleteThread', { threadId: kept.id })
  const { restoreThreads } = await owner.must('RestoreThreads', { batchId: deleteAllThreads.batchId })
  expect(restoreThreads.restored).toBe(LIMIT)
})
