import type { Queryable } from '../../platform/database/database.js'
import { deleteEmptySpaces, deleteEndedReembeddings } from './space.retention.sql.js'

const MAX_AT_ONCE = 500

/** @returns whether more may be left */
export async function removeEndedReembeddings(db: Queryable, days: number): Promise<boolean> {
  return (await db.query(deleteEndedReembeddings(days, MAX_AT_ONCE))).length === MAX_AT_ONCE
}

/** @returns whether more may be left */
export async function removeDeletedSpaces(db: Queryable, days: number): Promise<boolean> {
  return (await db.query(deleteEmptySpaces(days, MAX_AT_ONCE))).length === MAX_AT_ONCE
}
