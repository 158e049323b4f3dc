import { sql } from '../../platform/database/database.js'

/** A soft deletion whose threads are still `listed`. */
export interface ListedBatch {
  id: string
  userId: string
}

export const selectListedBatch = () => sql<ListedBatch>`
  select b.id, b.user_id as "userId" from deletion_batch b
  where b.listed and b.state = 'RESTORABLE' and b.scope = 'OWN_THREADS' order by b.created_at, b.id limit 1`

/** Locks threads in the order of a purge. Threads restored since they were found stay listed. */
export const delistThreads = (batchId: string, threadIds: readonly string[]) => sql<{ id: string }>`
  with hidden as materialized (
    select t.id from thread t where t.id = any(${threadIds}::text[]) and t.deletion_batch_id = ${batchId}
    order by t.id for no key update)
  update thread t set listed = false from hidden where t.id = hidden.id returning t.id`

export const markDelisted = (batchId: string) =>
  sql<{ id: string }>`update deletion_batch set listed = false where id = ${batchId} returning id`
