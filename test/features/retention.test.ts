import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { expectInvariants } from '../support/invariants.js'

let app: TestApp

beforeEach(async () => {
  app = await startTestApp({ timings: { housekeeping: { pollMs: 20 } } })
})
afterEach(async () => {
  await expectInvariants(app.pool)
  expect(app.logs.complaints()).toEqual([])
  await app[Symbol.asyncDispose]()
})

/** Makes what is there so old, and has the next process clean up. */
async function age(table: string, column: string, days: number, ids: readonly string[]): Promise<void> {
  await app.pool.query(
    `update ${table} set ${column} = ${column} - make_interval(days => ${days}) where id = any($1)`,
    [ids],
  )
}

async function idsIn(table: string): Promise<string[]> {
  const { rows } = await app.pool.query<{ id: string }>(`select id from ${table} order by created_at, id`)
  return rows.map(({ id }) => id)
}

test('an ended backfill goes after its retention, unless it is the last of a thread that is in the space', async () => {
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread()
  await app.seed.embedded(owner, backfillId)
  const leave = () => owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })
  await leave()
  const last = await app.seed.link(space, thread)
  await app.seed.embedded(owner, last)
  const other = await app.seed.spaceWithThread()
  await app.seed.embedded(other.owner, other.backfillId)
  await other.owner.must('RemoveThreadFromSpace', { spaceId: other.space.id, threadId: other.thread.id })
  const young = await app.seed.spaceWithThread()
  await app.seed.embedded(young.owner, young.backfillId)
  await young.owner.must('RemoveThreadFromSpace', { spaceId: young.space.id, threadId: young.thread.id })
  await age('backfill', 'finished_at', 31, [backfillId, last, other.backfillId])
  await age('backfill', 'finished_at', 29, [young.backfillId])

  await app.restart()

  await eventually(async () => expect(await idsIn('backfill')).toEqual([last, young.backfillId]))
  const again = await app.as(owner.userId ?? '')
  const { space: shown } = await again.must('Space', { id: space.id })
  expect(shown.threads.edges).toMatchObject([{ backfill: { id: last, status: 'COMPLETED' } }])
  expect(await again.run('Backfill', { id: backfillId })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
})

test('an ended deletion goes after its retention, one that can be restored stays, and so do their audit events', async () => {
  const { id: purged, owner, organizationId } = await app.seed.thread({ messages: 1 })
  const organization = { id: organizationId, owner }
  const kept = await app.seed.thread({ organization })
  await owner.must('DeleteThread', { threadId: purged, mode: 'PERMANENT' })
  await owner.must('DeleteThread', { threadId: kept.id, mode: 'SOFT' })
  const [ended = '', restorable = ''] = await idsIn('deletion_batch')
  await age('deletion_batch', 'finished_at', 91, [ended])
  await age('deletion_batch', 'created_at', 400, [ended, restorable])

  await eventually(async () => expect(await idsIn('deletion_batch')).toEqual([restorable]))
  await owner.must('RestoreThread', { threadId: kept.id })
  const { rows } = await app.pool.query(
    `select target_id from audit_event where action in ('thread.deleted', 'thread.soft-deleted') order by created_at, id`,
  )
  expect(rows).toEqual([{ target_id: purged }, { target_id: kept.id }])
})

test('confirmations that have expired go, and others stay', async () => {
  const { owner } = await app.seed.organization()
  const preview = () => owner.must('query { threadsDeletionPreview { confirmationToken } }')
  await preview()
  await app.pool.query(`update deletion_confirmation set expires_at = now() - interval '1 second'`)
  const { threadsDeletionPreview } = await preview()

  await eventually(async () => {
    expect((await app.pool.query('select from deletion_confirmation')).rowCount).toBe(1)
  })
  const { confirmationToken } = threadsDeletionPreview
  await owner.must('DeleteAllThreads', { mode: 'PERMANENT', confirmationToken })
})

test('a deleted space goes with its grants after its retention, once its backfills are gone', async () => {
  const { owner, space, organization, backfillId } = await app.seed.spaceWithThread()
  await app.seed.grant(space, 'VIEWER')
  await app.seed.embedded(owner, backfillId)
  const waiting = await app.seed.spaceWithThread()
  await app.seed.embedded(waiting.owner, waiting.backfillId)
  const young = await app.seed.space(organization)
  const live = await app.seed.space(organization)
  for (const { id, owner: by } of [space, waiting.space, young]) await by.must('DeleteSpace', { spaceId: id })
  await age('space', 'deleted_at', 31, [space.id, waiting.space.id])
  await age('space', 'deleted_at', 29, [young.id])
  await age('backfill', 'finished_at', 31, [backfillId])

  await app.restart()

  await eventually(async () => expect(await idsIn('space')).toEqual([waiting.space.id, young.id, live.id]))
  expect((await app.pool.query('select from space_grant')).rowCount).toBe(0)
  expect(await idsIn('backfill')).toEqual([waiting.backfillId])
})

test('an ended reembedding goes after its retention, unless it is the last of its space', async () => {
  const space = await app.seed.space()
  await app.pool.query(
    `insert into reembedding (id, space_id, store_id, embedding_model, embedding_dimensions, status, started_by_id,
      created_at, finished_at)
    select 'remb_' || n, $1, 'store_' || n, 'model', 4, 'COMPLETED', 'user_1',
      now() - make_interval(days => 100 - n), now() - make_interval(days => 100 - n)
    from unnest(array[1, 2, 3]) n`,
    [space.id],
  )

  await eventually(async () => expect(await idsIn('reembedding')).toEqual(['remb_3']))
})
