import { type Statement, sql } from '../../platform/database/database.js'

/** The last of a space is shown with it. */
export const deleteEndedReembeddings = (days: number, limit: number): Statement => sql`
  delete from reembedding where id = any(array(
    select r.id from reembedding r
    where r.finished_at < now() - make_interval(days => ${days}::int) and exists (
      select 1 from reembedding n where n.space_id = r.space_id and (n.created_at, n.id) > (r.created_at, r.id))
    order by r.finished_at limit ${limit}::int))
  returning id`

/**
 * Deleted spaces that nothing hangs on any more. Their grants go with them. What a backfill says of them is kept for a time
 * of its own, and the purge drops their stores.
 */
export const deleteEmptySpaces = (days: number, limit: number): Statement => sql`
  delete from space where id = any(array(
    select s.id from space s
    where s.deleted_at < now() - make_interval(days => ${days}::int)
      and not exists (select 1 from space_thread l where l.space_id = s.id)
      and not exists (select 1 from backfill b where b.space_id = s.id)
      and not exists (select 1 from embedding_store e where e.space_id = s.id)
    order by s.deleted_at limit ${limit}::int for update skip locked))
  returning id`
