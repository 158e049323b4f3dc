import { type Statement, sql } from '../../platform/database/database.js'
import type { EmbeddingModel } from '../embedders/embedders.js'

/** How far a thread is in one store of its space. */
export interface StoreThreadRecord {
  storeId: string
  spaceId: string
  threadId: string
  generation: bigint
  embeddedThrough: number
  vectorCount: number
  pausedAt: Date | null
  /** of the store that answers; else of one that is being built */
  isActive: boolean
}

const columns = sql`m.store_id as "storeId", s.space_id as "spaceId", m.thread_id as "threadId", m.generation,
  m.embedded_through as "embeddedThrough", m.vector_count as "vectorCount", m.paused_at as "pausedAt",
  s.state = 'ACTIVE' as "isActive"`

const liveStores = (spaceId: string): Statement => sql`s.space_id = ${spaceId} and s.state <> 'RETIRED'`

/** A thread has work in each store of its new space, until a worker has looked. The store that answers comes first. */
export const insertStoreThreads = (spaceId: string, threadId: string): Statement<StoreThreadRecord> => sql`
  with m as (
    insert into store_thread (store_id, thread_id, generation, next_attempt_at)
    select s.id, ${threadId}, nextval('link_generation'), now() from embedding_store s where ${liveStores(spaceId)}
    returning *)
  select ${columns} from m join embedding_store s on s.id = m.store_id order by s.state = 'ACTIVE' desc`

/** Until the transaction ends no worker writes what it has made of the thread for the space. */
export const lockStoreThreads = (spaceId: string, threadId: string): Statement<StoreThreadRecord> => sql`
  select ${columns} from store_thread m join embedding_store s on s.id = m.store_id
  where ${liveStores(spaceId)} and m.thread_id = ${threadId} order by m.store_id for update of m`

/** Opens a store to be built, beside the one that answers. */
export const insertStore = (
  id: string,
  spaceId: string,
  { model, dimensions }: EmbeddingModel,
): Statement => sql`
  insert into embedding_store (id, space_id, embedding_model, embedding_dimensions, state)
  values (${id}, ${spaceId}, ${model}, ${dimensions}::int, 'BUILDING')`

/** Threads before spaces, like every path: new rows refer to them. */
export const lockThreadsOf = (spaceId: string): Statement => sql`
  select count(*)::int as count from (
    select t.id from thread t
    where t.id in (select l.thread_id from space_thread l where l.space_id = ${spaceId})
    order by t.id for key share) locked`

/**
 * Those that were added before the space was locked are locked too, without waiting: whoever has one of them for itself
 * may wait for the space.
 */
export const lockAddedThreads = (spaceId: string): Statement<{ areLocked: boolean }> => sql`
  select count(*) = (select count(*) from space_thread where space_id = ${spaceId}) as "areLocked" from (
    select 1 from thread t
    where t.id in (select l.thread_id from space_thread l where l.space_id = ${spaceId})
    for key share skip locked) locked`

/** Each thread of the space comes into a new store, and has a backfill when it is live. */
export const fillStore = (storeId: string, spaceId: string): Statement => sql`
  with threads as (
      insert into store_thread (store_id, thread_id, generation, next_attempt_at)
      select ${storeId}, l.thread_id, nextval('link_generation'),
        case when t.deleted_at is null and t.message_count > 0 then now() end
      from space_thread l join thread t on t.id = l.thread_id where l.space_id = ${spaceId}
      returning thread_id, generation),
    backfills as (
      insert into backfill (id, space_id, store_id, thread_id, generation, kind, status, target_sequence, total, started_at,
        finished_at)
      select 'bkfl_' || replace(gen_random_uuid()::text, '-', ''), ${spaceId}, ${storeId}, t.id, m.generation, 'REEMBED',
        (case when t.message_count = 0 then 'COMPLETED' else 'QUEUED' end)::backfill_status, t.last_sequence,
        t.message_count, case when t.message_count = 0 then now() end, case when t.message_count = 0 then now() end
      from threads m join thread t on t.id = m.thread_id where t.deleted_at is null
      returning 1)
  update embedding_store set thread_count = (select count(*) from backfills) where id = ${storeId}`

/** Nobody adds to this space or takes from it until the transaction ends. Workers go on: they lock its stores. */
export const lockSpace = (spaceId: string): Statement =>
  sql`select id from space where id = ${spaceId} and deleted_at is null for update`

/** The model of a space's store that answers, read anew under the space's lock. */
export const selectActiveModel = (spaceId: string): Statement<EmbeddingModel> => sql`
  select s.embedding_model as model, s.embedding_dimensions as dimensions from embedding_store s
  where s.space_id = ${spaceId} and s.state = 'ACTIVE'`

/** The store that was built answers from now on. The one that did is retired. */
export const activateStore = (storeId: string): Statement =>
  sql`update embedding_store set state = 'ACTIVE', last_activity_at = now() where id = ${storeId}`
