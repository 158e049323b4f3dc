import { type Fragment, sql } from '../database/database.js'

/** Shared parts of statements about leases. The columns are `lease_id` and `lease_expires_at`. */

/** The row `alias` has no lease, or an expired one. */
export const isFree = (alias: Fragment): Fragment =>
  sql`(${alias}.lease_expires_at is null or ${alias}.lease_expires_at <= now())`

/** By the database's clock, the only one that all nodes share. */
export const fromNow = (milliseconds: number): Fragment =>
  sql`now() + ${Math.round(milliseconds)}::int * interval '1 millisecond'`
