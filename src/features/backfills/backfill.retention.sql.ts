import { sql } from '../../platform/database/database.js'

/** Where a pass through the ended backfills has come to. */
export interface EndedBackfill {
  id: string
  finishedAt: Date
}

/**
 * Deletes among the next ended backfills those that nobody is shown any more: their link is gone, or has a newer one. Those
 * that count for a re-embedding are needed until its end. Tells of all that were looked at.
 */
export const deleteEndedBackfills = (
  days: number,
  after: EndedBackfill | null,
  limit: number,
) => sql<EndedBackfill>`
  with ended as materialized (
      select b.id, b.space_id, b.store_id, b.thread_id, b.kind, b.created_at, b.finished_at from backfill b
      where b.finished_at < now() - make_interval(days => ${days}::int)
        and ${after === null ? sql`true` : sql`(b.finished_at, b.id) > (${after.finishedAt}, ${after.id})`}
      order by b.finished_at, b.id limit ${limit}::int),
    gone as (
      delete from backfill b using ended e
      where b.id = e.id and case when e.kind = 'REEMBED'
        then not exists (select 1 from embedding_store s where s.id = e.store_id and s.state = 'BUILDING')
        else not exists (select 1 from space_thread l where l.space_id = e.space_id and l.thread_id = e.thread_id)
          or exists (select 1 from backfill n where n.space_id = e.space_id and n.thread_id = e.thread_id
            and n.kind <> 'REEMBED' and (n.created_at, n.id) > (e.created_at, e.id)) end)
  select id, finished_at as "finishedAt" from ended order by finished_at, id`
