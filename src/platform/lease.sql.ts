import { type Statement, sql } from './database.js'

/** The parts that statements about a lease share. Its columns are `lease_id` and `lease_expires_at`. */

/** Nobody holds the row `alias`, or whoever did has been silent for too long. */
export const isFree = (alias: Statement): Statement =>
  sql`(${alias}.lease_expires_at is null or ${alias}.lease_expires_at <= now())`

/** By the database's clock, the only one that all nodes share. */
export const fromNow = (milliseconds: number): Statement =>
  sql`now() + ${Math.round(milliseconds)}::int * interval '1 millisecond'`
