import type { Database } from '../../platform/database/database.js'
import { deleteExpiredEvents, openRetention, tryRetention } from './audit.retention.sql.js'

const MAX_EVENTS_AT_ONCE = 5_000

/**
 * Deletes audit events after `retentionDays` and the end of their UTC day: the only way in which the database allows
 * events to be deleted. Does nothing while another node is doing so.
 *
 * @returns whether more may be left
 */
export function removeExpiredEvents(db: Database, retentionDays: number): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [lock] = await tx.query(tryRetention())
    if (!lock?.isMine) return false
    await tx.query(openRetention(retentionDays))
    return (await tx.query(deleteExpiredEvents(MAX_EVENTS_AT_ONCE))).length === MAX_EVENTS_AT_ONCE
  })
}
