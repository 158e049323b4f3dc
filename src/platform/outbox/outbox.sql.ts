import { type Fragment, sql } from '../database/database.js'
import { fromNow, isFree } from '../workers/lease.sql.js'
import type { Effect } from './outbox.effect.js'

/** An effect leased by this worker. A write that carries an outdated lease changes nothing. */
export interface ClaimedEffect extends Effect {
  readonly leaseId: string
}

/** Claims effects that are due, longest due first. Kinds not listed wait for a worker that handles them. */
export const claimEffects = (
  leaseId: string,
  leaseMs: number,
  kinds: readonly string[],
  limit: number,
) => sql<ClaimedEffect>`
  with due as materialized (
    select o.id from outbox o
    where o.parked_at is null and o.next_attempt_at <= now() and ${isFree(sql`o`)} and o.kind = any(${kinds}::text[])
    order by o.next_attempt_at, o.id limit ${limit}::int
    for update skip locked
  )
  update outbox o set lease_id = ${leaseId}, lease_expires_at = ${fromNow(leaseMs)}
  from due where o.id = due.id
  returning o.id, o.kind, o.payload, o.organization_id as "organizationId", o.attempts, o.lease_id as "leaseId",
    o.request_id as "requestId", o.trace_id as "traceId", o.correlation_id as "correlationId",
    o.created_at as "createdAt"`

export const renewEffect = (effect: ClaimedEffect, leaseMs: number) => sql<{ id: string }>`
  update outbox set lease_expires_at = ${fromNow(leaseMs)} where ${isOurs(effect)} returning id`

export const deleteEffect = (effect: ClaimedEffect) =>
  sql<{ id: string }>`delete from outbox where ${isOurs(effect)} returning id`

/** Returns the effect unchanged. */
export const releaseEffect = (effect: ClaimedEffect) => sql<{ id: string }>`
  update outbox set lease_id = null, lease_expires_at = null where ${isOurs(effect)} returning id`

export interface FailedTry {
  error: string
  delayMs: number
  isParked: boolean
}

export const recordFailure = (effect: ClaimedEffect, { error, delayMs, isParked }: FailedTry) => sql<{
  id: string
}>`
  update outbox set attempts = attempts + 1, last_error = ${error}, next_attempt_at = ${fromNow(delayMs)},
    parked_at = case when ${isParked}::bool then now() end, lease_id = null, lease_expires_at = null
  where ${isOurs(effect)} returning id`

export const voidEffectLeases = () => sql<{ id: string }>`
  update outbox set lease_id = null, lease_expires_at = null where lease_id is not null returning id`

function isOurs({ id, leaseId }: ClaimedEffect): Fragment {
  return sql`id = ${id} and lease_id = ${leaseId}`
}
