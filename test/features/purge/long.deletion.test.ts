import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectInvariants } from '../../support/invariants.js'
import { expectPurged, rowsOf, watchDeletion } from './purge.fixture.js'

const LONG = 10_500
// As many as go at once.
const MANY_VECTORS = 20_000

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectInvariants(app.pool))

test('a thread of more than 10,000 messages is gone for everybody at once, and its rows soon after', async () => {
  const { owner, thread, space, backfillId } = await app.seed.spaceWithThread({ messages: LONG })
  await app.seed.embedded(owner, backfillId)

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })
  const hidden = await owner.run('Thread', { id: thread.id })
  const spaceNow = await owner.must('Space', { id: space.id })
  const progress = await watchDeletion(owner, { threadId: thread.id })

  expect(deleteThread).toMatchObject({
    status: 'PARTIAL',
    deletedMessageCount: LONG,
    deletedVectorCount: LONG,
    warningCount: 1,
    softDelete: false,
    permanentDelete: true,
    canRestore: false,
    restoreUntil: null,
  })
  expect(hidden).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  expect(spaceNow.space).toMatchObject({ threadCount: 0, vectorCount: 0 })
  expect(progress.at(-1)).toMatchObject({
    status: 'COMPLETED',
    deletedThreads: 1,
    deletedMessages: LONG,
    percent: 100,
    lastError: null,
  })
  expect(progress.map(({ sequence }) => sequence)).toEqual(
    progress.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
  )
  await expectPurged(app, thread.id)
})

test('a second deletion of it gets CONFLICT while the first is at work, and RESOURCE_NOT_FOUND after it', async () => {
  const { owner, id: threadId } = await app.seed.thread({ messages: LONG })

  const replies = await Promise.all([
    owner.run('DeleteThread', { threadId }),
    owner.run('DeleteThread', { threadId }),
  ])
  await watchDeletion(owner, { threadId })

  const codes = replies.map(({ errors }) => errors?.[0]?.extensions.code ?? null)
  expect(codes.filter((code) => code === null)).toHaveLength(1)
  expect(['CONFLICT', 'RESOURCE_NOT_FOUND']).toContain(codes.find((code) => code !== null))
  expect(await owner.run('DeleteThread', { threadId })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
})

test('it cannot be restored, and nothing can be appended to it', async () => {
  const { owner, id: threadId } = await app.seed.thread({ messages: LONG })
  await owner.must('DeleteThread', { threadId })

  const append = { threadId, messages: [{ role: 'USER', content: 'too late' }] }
  expect(await owner.run('AppendMessages', append)).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  const { errors } = await owner.run('RestoreThread', { threadId })
  expect(['CONFLICT', 'RESOURCE_NOT_FOUND']).toContain(errors?.[0]?.extensions.code)
  await watchDeletion(owner, { threadId })
})

test('a thread of few messages and very many vectors goes in pieces too, and no piece is larger than another', async () => {
  const { owner, thread, space, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
  await app.seed.embedded(owner, backfillId)
  await addVectors(thread.id, 2 * MANY_VECTORS)

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })
  const spaceNow = await owner.must('Space', { id: space.id })
  await watchDeletion(owner, { threadId: thread.id })
  await expectPurged(app, thread.id)

  expect(deleteThread).toMatchObject({ status: 'PARTIAL', deletedVectorCount: 2 + 2 * MANY_VECTORS })
  expect(spaceNow.space).toMatchObject({ threadCount: 0, vectorCount: 0 })
  const { rows } = await app.pool.query('select max(count)::int as count from purged_vectors')
  expect(rows[0].count).toBeLessThanOrEqual(MANY_VECTORS)
})

/** As if its last message were very long. What goes at once is written down by the database. */
async function addVectors(threadId: string, count: number): Promise<void> {
  await app.pool.query(
    `insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
     select e.store_id, e.message_id, n, e.thread_id, e.generation, e.model, e.role, e.message_created_at, e.vector
     from (select * from embedding where thread_id = $1 order by message_id limit 1) e, generate_series(1, $2::int) n`,
    [threadId, count],
  )
  await app.pool.query('update store_thread set vector_count = vector_count + $2::int where thread_id = $1', [
    threadId,
    count,
  ])
  await app.pool.query(
    `update embedding_store set vector_count = vector_count + $2::int
     where id in (select store_id from store_thread where thread_id = $1)`,
    [threadId, count],
  )
  await app.pool.query(`
    create table purged_vectors (count int);
    create function count_purged_vectors() returns trigger language plpgsql as $$
    begin insert into purged_vectors select count(*) from gone; return null; end $$;
    create trigger counts_purged after delete on embedding referencing old table as gone
      for each statement execute function count_purged_vectors();`)
}

test('a stop in the middle loses nothing: the next start goes on with it', async () => {
  const { owner, id: threadId } = await app.seed.thread({ messages: LONG })
  await owner.must('DeleteThread', { threadId })

  await app.restart()

  await expectPurged(app, threadId)
})

test('its project goes with its last row, and is counted out then', async () => {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  const { owner, id: threadId } = await app.seed.thread({ organization, project, messages: LONG })

  const { deleteThread } = await owner.must('DeleteThread', { threadId })
  await watchDeletion(owner, { threadId })

  expect(deleteThread).toMatchObject({ projectId: project.id, projectDeleted: false })
  expect(await owner.run('Project', { id: project.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  expect(await rowsOf(app, 'message', threadId)).toBe(0)
})

test('nobody else may watch a deletion', async () => {
  const organization = await app.seed.organization()
  const { owner, id: threadId } = await app.seed.thread({ organization, messages: 1 })
  await owner.must('DeleteThread', { threadId })
  const member = await app.seed.member(organization)

  const [progress] = await watchDeletion(owner, { threadId })

  expect(progress).toMatchObject({
    status: 'COMPLETED',
    totalThreads: 1,
    deletedThreads: 1,
    deletedMessages: 1,
  })
  await expect(watchDeletion(member, { threadId })).rejects.toThrow('Deletion not found')
  await expect(watchDeletion(owner, {})).rejects.toThrow('VALIDATION_ERROR')
})
