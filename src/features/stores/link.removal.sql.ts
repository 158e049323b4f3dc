import { raw, type Statement, sql } from '../../platform/database/database.js'

/** How threads leave spaces, and vectors that nobody is to find any more leave the database. */

/** What a thread had in a store of the space that it leaves. */
export interface RemovedThread {
  storeId: string
  generation: bigint
  vectorCount: number
  /** of the store that answers */
  isActive: boolean
  /** vectors of an earlier link are still going */
  isLeaving: boolean
}

/** What a thread has in the stores of a space, but for its vectors. It and the space are locked. */
export const deleteStoreThreads = (spaceId: string, threadId: string): Statement<RemovedThread> => sql`
  with stores as (select id, state from embedding_store where space_id = ${spaceId} and state <> 'RETIRED'),
    failures as (
      delete from embedding_failure where store_id in (select id from stores) and thread_id = ${threadId}),
    pending as (
      delete from pending_embedding where store_id in (select id from stores) and thread_id = ${threadId})
  delete from store_thread m using stores s where m.store_id = s.id and m.thread_id = ${threadId}
  returning m.store_id as "storeId", m.generation, m.vector_count as "vectorCount", s.state = 'ACTIVE' as "isActive",
    exists (select 1 from vector_removal r where r.store_id = m.store_id and r.thread_id = m.thread_id) as "isLeaving"`

export const deleteVectors = (storeIds: readonly string[], threadId: string): Statement =>
  sql`delete from embedding where store_id = any(${storeIds}::text[]) and thread_id = ${threadId}`

/** From the commit on no search sees what is left of the thread in the store. */
export const insertRemoval = (
  { storeId, generation, vectorCount }: RemovedThread,
  threadId: string,
): Statement => sql`
  insert into vector_removal as r (store_id, thread_id, generation, vector_count)
  values (${storeId}, ${threadId}, ${generation}::bigint, ${vectorCount}::int)
  on conflict (store_id, thread_id) do update set generation = excluded.generation,
    vector_count = r.vector_count + excluded.vector_count`

export interface RemovedLinks {
  removedThreadCount: number
  removedVectorCount: number
}

/** All threads of a space that is locked for update. What its stores hold goes with them. */
export const deleteLinks = (spaceId: string): Statement<RemovedLinks> => sql`
  with links as (delete from space_thread where space_id = ${spaceId} returning 1)
  select (select count(*)::int from links) as "removedThreadCount", (
    select coalesce(sum(m.vector_count), 0)::float8 from embedding_store s join store_thread m on m.store_id = s.id
    where s.space_id = ${spaceId} and s.state = 'ACTIVE') as "removedVectorCount"`

/** Every worker's write locks its store's row: who has them for update is alone with the space's memory. */
export const lockStores = (spaceId: string): Statement =>
  sql`select id from embedding_store where space_id = ${spaceId} and state <> 'RETIRED' order by id for update`

/** Locked stores of a space, of one state or all of them: nobody writes into them any more. */
export const retireStores = (spaceId: string, state: 'ACTIVE' | 'BUILDING' | null): Statement => sql`
  update embedding_store set state = 'RETIRED', retired_at = now()
  where space_id = ${spaceId} and state <> 'RETIRED' and ${state === null ? sql`true` : sql`state = ${state}::embedding_store_state`}`

export interface LeavingThread {
  storeId: string
  threadId: string
}

/** The thread before its vectors, like a purge of it, which takes all of them. */
export const lockLeavingThread = (): Statement<LeavingThread> => sql`
  select r.store_id as "storeId", r.thread_id as "threadId" from vector_removal r join thread t on t.id = r.thread_id
  order by r.created_at limit 1 for key share of t skip locked for update of r skip locked`

export const deleteLeavingVectors = (
  { storeId, threadId }: LeavingThread,
  limit: number,
): Statement<{ count: number }> => sql`
  with gone as (
    delete from embedding where ctid = any(array(
      select e.ctid from vector_removal r
        join embedding e on e.store_id = r.store_id and e.thread_id = r.thread_id and e.generation <= r.generation
      where r.store_id = ${storeId} and r.thread_id = ${threadId} limit ${limit}::int)) returning 1),
    counted as (
      update vector_removal set vector_count = greatest(vector_count - (select count(*)::int from gone), 0)
      where store_id = ${storeId} and thread_id = ${threadId})
  select count(*)::int as count from gone`

export const deleteRemoval = ({ storeId, threadId }: LeavingThread): Statement =>
  sql`delete from vector_removal where store_id = ${storeId} and thread_id = ${threadId}`

export interface DroppableStore {
  storeId: string
  /** no search reads it any more */
  isUnread: boolean
}

/** A retired store with something to drop: vectors only once a search that was reading it has ended, or with its space. */
export const lockDroppableStore = (graceMs: number): Statement<DroppableStore> => sql`
  select s.id as "storeId", old."isUnread" from embedding_store s cross join lateral (
    select s.retired_at <= now() - make_interval(secs => ${graceMs / 1_000}::float8)
      or exists (select 1 from space where id = s.space_id and deleted_at is not null) as "isUnread") old
  where s.state = 'RETIRED' and (old."isUnread"
    or exists (select 1 from store_thread m where m.store_id = s.id)
    or exists (select 1 from pending_embedding p where p.store_id = s.id)
    or exists (select 1 from embedding_failure f where f.store_id = s.id)
    or exists (select 1 from backfill b where b.store_id = s.id and b.kind = 'REEMBED'))
  order by s.retired_at, s.id limit 1 for update of s skip locked`

/** What no search reads of a retired store. A row that somebody has locked is left to the next step. */
export const deleteStoreRows = (storeId: string, limit: number): Statement<{ count: number }> => {
  const some = (alias: string, from: Statement) => sql`array(
    select ${raw(alias)}.ctid from ${from} limit ${limit}::int for update skip locked)`
  return sql`
    with threads as (delete from store_thread where ctid = any(${some('m', sql`store_thread m where m.store_id = ${storeId}`)}) returning 1),
      pending as (
        delete from pending_embedding where ctid = any(${some('p', sql`pending_embedding p where p.store_id = ${storeId}`)}) returning 1),
      failures as (
        delete from embedding_failure where ctid = any(${some('f', sql`embedding_failure f where f.store_id = ${storeId}`)}) returning 1),
      backfills as (
        delete from backfill where ctid = any(${some('b', sql`backfill b where b.store_id = ${storeId} and b.kind = 'REEMBED'`)}) returning 1)
    select (select count(*) from threads)::int + (select count(*) from pending)::int + (select count(*) from failures)::int
      + (select count(*) from backfills)::int as count`
}

export const deleteStoreVectors = (storeId: string, limit: number): Statement<{ count: number }> => sql`
  with gone as (
    delete from embedding where ctid = any(array(
      select ctid from embedding where store_id = ${storeId} limit ${limit}::int)) returning 1)
  select count(*)::int as count from gone`

export const deleteStore = (storeId: string): Statement =>
  sql`delete from embedding_store where id = ${storeId}`
