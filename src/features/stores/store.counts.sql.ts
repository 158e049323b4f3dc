import { type Statement, sql } from '../../platform/database/database.js'

/** What one store counts of threads in it. */
export interface StoreShare {
  storeId: string
  threads: number
  vectors: number
}

export const lockCounts = (storeIds: readonly string[]): Statement =>
  sql`select id from embedding_store where id = any(${storeIds}::text[]) order by id for no key update`

export const addToCounts = (shares: readonly StoreShare[], sign: 1 | -1): Statement => sql`
  update embedding_store s set thread_count = s.thread_count + ${sign}::int * share.threads,
    vector_count = s.vector_count + ${sign}::int * share.vectors, last_activity_at = now()
  from unnest(${shares.map(({ storeId }) => storeId)}::text[], ${shares.map(({ threads }) => threads)}::int[],
    ${shares.map(({ vectors }) => vectors)}::bigint[]) as share (store_id, threads, vectors)
  where s.id = share.store_id`

/** The spaces stay, with their stores, while links in them are changed. */
export const lockSpacesOf = (threadIds: readonly string[]): Statement => sql`
  select s.id from space s
  where s.id in (select l.space_id from space_thread l where l.thread_id = any(${threadIds}::text[]))
  order by s.id for key share`

/** Locks threads in their stores, and tells what the stores count of them: hidden threads are out of the counts already. */
export const lockCountedThreads = (threadIds: readonly string[]): Statement<StoreShare> => sql`
  with locked as (
    select store_id, thread_id, vector_count from store_thread
    where thread_id = any(${threadIds}::text[]) order by store_id, thread_id for update)
  select s.id as "storeId", count(*)::int as threads, sum(m.vector_count)::float8 as vectors
  from locked m join embedding_store s on s.id = m.store_id and s.state <> 'RETIRED'
    join space_thread l on l.space_id = s.space_id and l.thread_id = m.thread_id and not l.hidden
  group by s.id order by s.id`
