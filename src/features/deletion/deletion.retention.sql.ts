import { sql } from '../../platform/database/database.js'

/** Restored or purged, and referred to by nothing. */
export const deleteEndedBatches = (days: number, limit: number) => sql<{ id: string }>`
  delete from deletion_batch where id = any(array(
    select id from deletion_batch where finished_at < now() - make_interval(days => ${days}::int)
    order by finished_at limit ${limit}::int))
  returning id`

export const deleteExpiredConfirmations = (limit: number) => sql<{ hash: string }>`
  delete from deletion_confirmation where hash = any(array(
    select hash from deletion_confirmation where expires_at < now() order by expires_at limit ${limit}::int))
  returning hash`
