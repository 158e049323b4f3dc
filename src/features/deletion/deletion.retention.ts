import type { Queryable } from '../../platform/database/database.js'
import { deleteEndedBatches, deleteExpiredConfirmations } from './deletion.retention.sql.js'

const MAX_AT_ONCE = 1_000

/** @returns whether more may be left */
export async function removeEndedDeletions(db: Queryable, days: number): Promise<boolean> {
  return (await db.query(deleteEndedBatches(days, MAX_AT_ONCE))).length === MAX_AT_ONCE
}

/** Removes expired confirmations. @returns whether more may be left */
export async function removeExpiredConfirmations(db: Queryable): Promise<boolean> {
  return (await db.query(deleteExpiredConfirmations(MAX_AT_ONCE))).length === MAX_AT_ONCE
}
