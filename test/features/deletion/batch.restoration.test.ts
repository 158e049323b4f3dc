import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import { auditOf, countsOf, found, listed, times, usageOf } from './deletion.fixture.js'

const THREADS = 5
const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Batch not found' }
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

/** Threads of one user, all deleted in one step. */
async function seedBatch() {
  const organization = await app.seed.organization()
  const { owner } = organization
  const threads = []
  for (let count = 0; count < THREADS; count++) {
    threads.push(await app.seed.thread({ organization, messages: 2 }))
  }
  const before = await listed(owner)
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  return { organization, owner, threads, before, batchId: deleteAllThreads.batchId as string }
}

async function restoreAll(client: TestClient, batchId: string) {
  return (await client.must('RestoreThreads', { batchId })).restoreThreads
}

test('one step undoes a deletion of all threads, and a second one finds nothing left to undo', async () => {
  const { organization, owner, before, batchId } = await seedBatch()

  expect(await restoreAll(owner, batchId)).toEqual({
    restored: THREADS,
    message: `Successfully restored ${THREADS} thread(s)`,
  })

  expect(await listed(owner)).toEqual(before)
  const usage = { threads: THREADS, projects: 0, messages: THREADS * 2 }
  expect(await usageOf(owner, organization.id)).toEqual(usage)
  expect(await restoreAll(owner, batchId)).toEqual({
    restored: 0,
    message: 'Successfully restored 0 thread(s)',
  })
  expect(await usageOf(owner, organization.id)).toEqual(usage)
})

test('of many undos at once one takes effect', async () => {
  const { organization, owner, before, batchId } = await seedBatch()

  const replies = await times(6, () => restoreAll(owner, batchId))

  expect(replies.reduce((sum, { restored }) => sum + restored, 0)).toBe(THREADS)
  expect(await listed(owner)).toEqual(before)
  expect(await usageOf(owner, organization.id)).toMatchObject({ threads: THREADS })
})

test('an undo leaves one audit event', async () => {
  const { owner, batchId } = await seedBatch()

  await restoreAll(owner, batchId)

  const events = await auditOf(app.pool, owner.userId ?? '')
  expect(events.filter(({ action }) => action === 'user.threads-restored')).toMatchObject([
    { details: { batchId, restored: THREADS } },
  ])
})

test('only who made a batch undoes it, and to others it is missing, to administrators too', async () => {
  const { organization, owner, batchId } = await seedBatch()
  const administrator = await app.seed.member(organization, 'ADMIN')

  for (const client of [administrator, await app.seed.user()]) {
    expect(await client.run('RestoreThreads', { batchId })).toFailWith({ ...NOT_FOUND, details: { batchId } })
  }
  expect(await owner.run('RestoreThreads', { batchId: 'del_unknown' })).toFailWith(NOT_FOUND)
  expect(await owner.run('RestoreThreads', { batchId: 'no id' })).toFailWith({ code: 'VALIDATION_ERROR' })
  expect(await app.anonymous().run('RestoreThreads', { batchId })).toFailWith({ code: 'UNAUTHENTICATED' })
  expect(await listed(owner)).toEqual({ ids: [], totalCount: 0 })
})

test('a batch brings back its own threads and none that was deleted in another step', async () => {
  const { organization, owner, before, batchId } = await seedBatch()
  const second = await app.seed.thread({ organization })
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  const third = await app.seed.thread({ organization })
  await owner.must('DeleteThread', { threadId: third.id, mode: 'SOFT' })

  expect((await restoreAll(owner, batchId)).restored).toBe(THREADS)
  expect(await listed(owner)).toEqual(before)

  expect((await restoreAll(owner, deleteAllThreads.batchId)).restored).toBe(1)
  expect(await listed(owner)).toEqual({ ids: [second.id, ...before.ids], totalCount: THREADS + 1 })
})

test('a thread that was restored by itself is not restored again with its batch', async () => {
  const { organization, owner, threads, before, batchId } = await seedBatch()
  await owner.must('RestoreThread', { threadId: threads[0]?.id })

  expect((await restoreAll(owner, batchId)).restored).toBe(THREADS - 1)

  expect(await listed(owner)).toEqual(before)
  expect(await usageOf(owner, organization.id)).toMatchObject({ threads: THREADS })
})

test('a thread that was restored and deleted again belongs to its new deletion', async () => {
  const { owner, threads, batchId } = await seedBatch()
  const threadId = threads[0]?.id
  await owner.must('RestoreThread', { threadId })
  await owner.must('DeleteThread', { threadId, mode: 'SOFT' })

  expect((await restoreAll(owner, batchId)).restored).toBe(THREADS - 1)

  expect((await listed(owner)).ids).not.toContain(threadId)
})

test('a batch and its threads restored at once come back once each', async () => {
  const { organization, owner, threads, before, batchId } = await seedBatch()

  const [batch, ...singles] = await Promise.all([
    restoreAll(owner, batchId),
    ...threads.map(({ id }) => owner.run('RestoreThread', { threadId: id })),
  ])

  for (const reply of singles) expect(reply.errors).toBeUndefined()
  const events = await auditOf(app.pool, owner.userId ?? '')
  const undone = events.filter(({ action }) => action === 'user.threads-restored')
  expect(undone).toMatchObject([{ details: { restored: batch.restored } }])
  expect(await listed(owner)).toEqual(before)
  expect(await usageOf(owner, organization.id)).toMatchObject({ threads: THREADS })
})

test('vectors come back with the batch, and what is behind is embedded', async () => {
  const { owner, organization, space, thread, backfillId } = await app.seed.spaceWithThread({
    messages: ['red wool'],
  })
  const behind = await app.seed.thread({ organization, messages: ['blue silk', 'green silk'] })
  await app.seed.embedded(owner, backfillId)
  app.embedder.pause()
  await app.seed.link(space, behind)
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  app.embedder.resume()
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })

  await restoreAll(owner, deleteAllThreads.batchId)

  await expectSoundRest(app.pool)
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 2, vectorCount: 3 })
  expect((await found(owner, space.id, 'red wool'))[0]).toBe(thread.messageIds[0])
})

test('after its time a batch cannot be restored', async () => {
  const { owner, batchId } = await seedBatch()
  await app.pool.query(`update deletion_batch set purge_after = now() - interval '1 second' where id = $1`, [
    batchId,
  ])

  expect(await owner.run('RestoreThreads', { batchId })).toFailWith({
    code: 'CONFLICT',
    status: 409,
    systemMessage: 'Restore period ended',
    details: { batchId },
  })
  expect(await listed(owner)).toEqual({ ids: [], totalCount: 0 })
})
