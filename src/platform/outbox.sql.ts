import { type Fragment, sql } from './database.js'
import { fromNow, isFree } from './lease.sql.js'
import type { Effect, NewEffect } from './outbox.effect.js'

/** An effect leased by this worker. A write that carries an outdated lease changes nothing. */
export interface ClaimedEffect extends Effect {
  readonly leaseId: string
}

export const insertEffect = (id: string, effect: NewEffect, delayMs: number) => sql<{ id: string }>`
  insert into outbox (id, kind, payload, organization_id, request_id, trace_id, correlation_id, next_attempt_at)
  values (${id}, ${effect.kind}, ${JSON.stringify(effect.payload)}::jsonb, ${effect.organizationId},
    ${effect.request?.requestId ?? null}, ${effect.request?.traceId ?? null}, ${effect.request?.correlationId ?? null},
    ${fromNow(delayMs)})
  returning id`

/** Matches nothing if the effect was attempted or may be running. */
export const withdrawEffect = (id: string) => sql<{ id: string }>`
  delete from outbox where id = ${id} and attempts = 0 and lease_id is null and parked_at is null returning id`

export const hastenEffect = (id: string) => sql<{ id: string }>`
  update outbox set next_attempt_at = now() where id = ${id} and lease_id is null returning id`

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

/** Resets it: due immediately, with all attempts. Its last error stays until the next one. Matches only parked effects. */
export const retryParkedEffect = (id: string) => sql<{ id: string }>`
  update outbox set parked_at = null, attempts = 0, next_attempt_at = now()
  where id = ${id} and parked_at is not null returning id`

function isOurs({ id, leaseId }: ClaimedEffect): Fragment {
  return sql`id = ${id} and lease_id = ${leaseId}`
}
