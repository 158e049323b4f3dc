import { type Statement, sql } from '../../platform/database.js'

/** A message that was appended while the link was being made woke nobody. A link that somebody is on is woken next time. */
export const wakeBehindLinks = (shadowId: string): Statement => sql`
  with behind as (
    select l.space_id, l.thread_id from space_thread l join thread t on t.id = l.thread_id
    where l.space_id = ${shadowId} and t.deleted_at is null and l.next_attempt_at is null
      and exists (select 1 from message m where m.thread_id = t.id and m.sequence > l.embedded_through)
    for no key update of l skip locked)
  update space_thread l set next_attempt_at = now() from behind
  where l.space_id = behind.space_id and l.thread_id = behind.thread_id
  returning l.thread_id`

/**
 * The new memory is whole when its backfills have ended and it is behind the old one nowhere. A link may have work: in a
 * busy space one always has, and goes on under the new model. So does an edited message that is pending in both.
 */
export const measureShadow = (spaceId: string, shadowId: string): Statement => sql`
  select not exists (
      select 1 from backfill where space_id = ${shadowId} and status in ('QUEUED', 'RUNNING'))
    and not exists (
      select 1 from space_thread l join thread t on t.id = l.thread_id
        join space_thread n on n.space_id = ${shadowId} and n.thread_id = l.thread_id
        join message m on m.thread_id = t.id and m.sequence > n.embedded_through
      where l.space_id = ${spaceId} and t.deleted_at is null and m.sequence <= greatest(l.embedded_through, (
        select max(b.target_sequence) from backfill b
        where b.space_id = l.space_id and b.thread_id = l.thread_id and b.status in ('QUEUED', 'RUNNING'))))
    and not exists (
      select 1 from pending_embedding p join thread t on t.id = p.thread_id
      where p.space_id = ${shadowId} and t.deleted_at is null and not exists (
        select 1 from pending_embedding o
        where o.space_id = ${spaceId} and o.message_id = p.message_id and o.backfill_id is null))
    as "isWhole"`

/**
 * What the space's backfills still had to do is done now, by the new model. A message that it refused is counted so;
 * read before failures and links change.
 */
export const completeBackfills = (spaceId: string, shadowId: string): Statement => sql`
  update backfill b set embedded = b.embedded + rest.total - rest.failed, failed = b.failed + rest.failed,
    status = (case when b.embedded + rest.total - rest.failed = 0 and b.failed + rest.failed > 0 then 'FAILED'
      else 'COMPLETED' end)::backfill_status,
    last_error = coalesce(rest.error, case when b.failed > 0 then b.last_error end),
    started_at = coalesce(b.started_at, now()), finished_at = clock_timestamp(), next_attempt_at = null,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  from (
    select a.id, a.total - a.embedded - a.skipped - a.failed as total,
      least(a.total - a.embedded - a.skipped - a.failed, refused.count) as failed, refused.error
    from backfill a join space_thread l on l.space_id = a.space_id and l.thread_id = a.thread_id
      cross join lateral (
        select count(*)::int as count, (array_agg(f.error order by f.failed_at desc))[1] as error
        from embedding_failure f
        where f.space_id = ${shadowId} and f.thread_id = a.thread_id and (
          (f.sequence > l.embedded_through and f.sequence <= a.target_sequence)
          or exists (select 1 from pending_embedding p where p.space_id = a.space_id
            and p.message_id = f.message_id and p.backfill_id = a.id))) refused
    where a.space_id = ${spaceId} and a.status in ('QUEUED', 'RUNNING')) rest
  where b.id = rest.id returning b.id`

export const deleteFailuresOf = (spaceId: string): Statement =>
  sql`delete from embedding_failure where space_id = ${spaceId} returning message_id`

export const deletePendingOf = (spaceId: string): Statement =>
  sql`delete from pending_embedding where space_id = ${spaceId} returning message_id`

/** What the shadow had still to embed again. Its backfills are of the past. */
export const movePending = (spaceId: string, shadowId: string): Statement => sql`
  update pending_embedding set space_id = ${spaceId}, backfill_id = null where space_id = ${shadowId}
  returning message_id`

export const takeFailures = (spaceId: string, shadowId: string): Statement =>
  sql`update embedding_failure set space_id = ${spaceId} where space_id = ${shadowId} returning message_id`

/** The new generation fences off whoever still works on the old memory. What is due is due anew, and is looked for again. */
export const takeLinks = (spaceId: string, shadowId: string): Statement => sql`
  update space_thread l set generation = n.generation, embedded_through = n.embedded_through,
    vector_count = n.vector_count, next_attempt_at = case when n.next_attempt_at is not null then greatest(n.next_attempt_at, now()) end, attempts = n.attempts,
    last_error = n.last_error, paused_at = null, lease_id = null, lease_expires_at = null
  from space_thread n
  where n.space_id = ${shadowId} and l.space_id = ${spaceId} and l.thread_id = n.thread_id
  returning l.thread_id`

/** The two change their stores, with the models that made them. */
export const exchangeStores = (spaceId: string, shadowId: string): Statement => sql`
  update space s set store_id = o.store_id, embedding_model = o.embedding_model,
    embedding_dimensions = o.embedding_dimensions, vector_count = o.vector_count, last_activity_at = now()
  from space o
  where (s.id = ${spaceId} and o.id = ${shadowId}) or (s.id = ${shadowId} and o.id = ${spaceId})
  returning s.id`
