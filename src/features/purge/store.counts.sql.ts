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
