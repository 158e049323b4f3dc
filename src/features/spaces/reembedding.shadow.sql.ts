import { type Statement, sql } from '../../platform/database.js'
import type { EmbeddingModel } from '../embedders/embedders.js'

/** A shadow is a space like any other to the workers, and none to everybody else. */
export const insertShadow = (
  id: string,
  spaceId: string,
  { model, dimensions }: EmbeddingModel,
): Statement => sql`
  insert into space (id, store_id, shadow_of, organization_id, creator_id, name, embedding_model, embedding_dimensions)
  select ${id}, ${id}, s.id, s.organization_id, s.creator_id, s.name, ${model}, ${dimensions}::int
  from space s where s.id = ${spaceId} returning id`

/** Threads before spaces, like every path: new links refer to them. */
export const holdThreadsOf = (spaceId: string): Statement => sql`
  select count(*)::int as count from (
    select t.id from thread t
    where t.id in (select l.thread_id from space_thread l where l.space_id = ${spaceId})
    order by t.id for key share) held`

/**
 * Those that were added before the space was locked are held too, without waiting: whoever has one of them for itself
 * may wait for the space.
 */
export const holdAddedThreads = (spaceId: string): Statement => sql`
  select count(*) = (select count(*) from space_thread where space_id = ${spaceId}) as "areHeld" from (
    select 1 from thread t
    where t.id in (select l.thread_id from space_thread l where l.space_id = ${spaceId})
    for key share skip locked) held`

/** A link of the shadow for each of the space, and a backfill for each that has a live thread. */
export const insertShadowLinks = (shadowId: string, spaceId: string): Statement => sql`
  with links as (
      insert into space_thread (space_id, thread_id, generation, added_by_id, added_at, hidden, next_attempt_at)
      select ${shadowId}, l.thread_id, nextval('link_generation'), l.added_by_id, l.added_at, t.deleted_at is not null,
        case when t.deleted_at is null and t.message_count > 0 then now() end
      from space_thread l join thread t on t.id = l.thread_id where l.space_id = ${spaceId}
      returning thread_id, generation),
    backfills as (
      insert into backfill (id, space_id, thread_id, generation, kind, status, target_sequence, total, started_at, finished_at)
      select 'bkfl_' || replace(gen_random_uuid()::text, '-', ''), ${shadowId}, t.id, l.generation, 'REEMBED',
        (case when t.message_count = 0 then 'COMPLETED' else 'QUEUED' end)::backfill_status, t.last_sequence,
        t.message_count, case when t.message_count = 0 then now() end, case when t.message_count = 0 then now() end
      from links l join thread t on t.id = l.thread_id where t.deleted_at is null
      returning 1)
  update space set thread_count = (select count(*) from backfills) where id = ${shadowId}
  returning (select count(*)::int from links) as "linkCount"`

/** Whoever ends a shadow holds its space for update first: under a lock of the space it stays. */
export const selectShadow = (spaceId: string): Statement =>
  sql`select id from space where shadow_of = ${spaceId} and deleted_at is null`

/** Nobody writes into this space until the transaction ends: every worker's write holds its row. */
export const lockSpace = (spaceId: string): Statement =>
  sql`select id from space where id = ${spaceId} and deleted_at is null for update`

/** Until the transaction ends nobody tells a link of either that it has work: an append waits, or shows. */
export const lockLinks = (spaceId: string, shadowId: string): Statement => sql`
  select count(*)::int as count from (
    select 1 from space_thread where space_id in (${spaceId}, ${shadowId})
    order by space_id, thread_id for update) locked`

/** A deleted space that holds a store: nothing is left of it but vectors, which go bit by bit. Its links are locked. */
export const emptyShadow = (shadowId: string): Statement => sql`
  with links as (delete from space_thread where space_id = ${shadowId} returning 1),
    failures as (delete from embedding_failure where space_id = ${shadowId} returning 1),
    pending as (delete from pending_embedding where space_id = ${shadowId} returning 1),
    backfills as (delete from backfill where space_id = ${shadowId} returning 1)
  update space set deleted_at = now(), thread_count = 0, vector_count = 0 where id = ${shadowId} returning id`
