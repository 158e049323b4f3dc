import { type Statement, sql } from '../../platform/database/database.js'

/** Transactions that have written, and are not committed. */
export const selectWriters = (): Statement<{ id: string }> => sql`
  select backend_xid::text as id from pg_stat_activity
  where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()`

/** Threads that are behind in a store and that nobody knows of: a message came while they came into the store. */
export const listBehind = (storeId: string): Statement<{ threadId: string }> => sql`
  select m.thread_id as "threadId" from store_thread m join thread t on t.id = m.thread_id
  where m.store_id = ${storeId} and t.deleted_at is null and m.next_attempt_at is null
    and exists (select 1 from message n where n.thread_id = t.id and n.sequence > m.embedded_through)`

/** One that somebody is on is woken next time. */
export const wakeBehind = (storeId: string, threadIds: readonly string[]): Statement => sql`
  with free as (
    select thread_id from store_thread
    where store_id = ${storeId} and thread_id = any(${threadIds}::text[]) and next_attempt_at is null
    for no key update skip locked)
  update store_thread m set next_attempt_at = now() from free
  where m.store_id = ${storeId} and m.thread_id = free.thread_id`

/**
 * The new memory is whole when its backfills have ended and it is behind the old one nowhere. A thread may have work: in a
 * busy space one always has, and goes on under the new model. So does an edited message that is pending in both. Only threads
 * with work are looked at: no other is behind.
 */
export const measureStore = (spaceId: string, storeId: string): Statement<{ isWhole: boolean }> => sql`
  with due as materialized (
      select n.thread_id, n.embedded_through from store_thread n join thread t on t.id = n.thread_id
      where n.store_id = ${storeId} and n.next_attempt_at is not null and t.deleted_at is null),
    old as (select s.id from embedding_store s where s.space_id = ${spaceId} and s.state = 'ACTIVE')
  select not exists (
      select 1 from backfill where space_id = ${spaceId} and store_id = ${storeId} and status in ('QUEUED', 'RUNNING'))
    and not exists (
      select 1 from due n join store_thread o on o.store_id = (select id from old) and o.thread_id = n.thread_id
        join message m on m.thread_id = n.thread_id and m.sequence > n.embedded_through
      where m.sequence <= greatest(o.embedded_through, (
        select max(b.target_sequence) from backfill b
        where b.space_id = ${spaceId} and b.store_id = o.store_id and b.thread_id = o.thread_id
          and b.status in ('QUEUED', 'RUNNING'))))
    and not exists (
      select 1 from due n join pending_embedding p on p.store_id = ${storeId} and p.thread_id = n.thread_id
      where not exists (
        select 1 from pending_embedding o
        where o.store_id = (select id from old) and o.message_id = p.message_id and o.backfill_id is null))
    as "isWhole"`

/**
 * What the space's backfills still had to do is done now, by the new model. A message that it refused is counted so.
 */
export const completeBackfills = (spaceId: string, storeId: string): Statement<{ id: string }> => sql`
  update backfill b set embedded = b.embedded + rest.total - rest.failed, failed = b.failed + rest.failed,
    status = (case when b.embedded + rest.total - rest.failed = 0 and b.failed + rest.failed > 0 then 'FAILED'
      else 'COMPLETED' end)::backfill_status,
    last_error = coalesce(rest.error, case when b.failed > 0 then b.last_error end),
    started_at = coalesce(b.started_at, now()), finished_at = clock_timestamp(), next_attempt_at = null,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  from (
    select a.id, a.total - a.embedded - a.skipped - a.failed as total,
      least(a.total - a.embedded - a.skipped - a.failed, refused.count) as failed, refused.error
    from backfill a join store_thread l on l.store_id = a.store_id and l.thread_id = a.thread_id
      cross join lateral (
        select count(*)::int as count, (array_agg(f.error order by f.failed_at desc))[1] as error
        from embedding_failure f
        where f.store_id = ${storeId} and f.thread_id = a.thread_id and (
          (f.sequence > l.embedded_through and f.sequence <= a.target_sequence)
          or exists (select 1 from pending_embedding p where p.store_id = a.store_id
            and p.message_id = f.message_id and p.backfill_id = a.id))) refused
    where a.space_id = ${spaceId} and a.store_id <> ${storeId} and a.status in ('QUEUED', 'RUNNING')) rest
  where b.id = rest.id returning b.id`
