import { type Statement, sql } from '../../platform/database/database.js'

/** How workers take threads in stores: claiming, keeping, and giving them back with how far they came. */

export interface StoreThreadKey {
  storeId: string
  threadId: string
}

/** A place in the order in which threads become due in stores. */
export interface DuePosition extends StoreThreadKey {
  nextAttemptAt: Date
}

/** A thread in a store, under this worker's lease. A write that does not carry both lease and generation writes nothing. */
export interface Claim extends StoreThreadKey {
  spaceId: string
  generation: bigint
  leaseId: string
  embeddedThrough: number
  /** of its thread, before any of its messages were read */
  messageChanges: number
  attempts: number
  embeddingModel: string
  embeddingDimensions: number
}

// A thread whose transaction was long on its way to the commit is due from that transaction's beginning on.
const LONGEST_COMMIT = sql`interval '5 seconds'`

/** Due after a position. Index entries before it, which an old snapshot keeps from being removed, are not read. */
function isAfter(position: DuePosition | null): Statement {
  if (!position) return sql`true`
  const { nextAttemptAt, storeId, threadId } = position
  const isPast = sql`${nextAttemptAt}::timestamptz <= now() - ${LONGEST_COMMIT}`
  return sql`(m.next_attempt_at, m.store_id, m.thread_id) > (
    least(${nextAttemptAt}::timestamptz, now() - ${LONGEST_COMMIT}),
    case when ${isPast} then ${storeId} else '' end, case when ${isPast} then ${threadId} else '' end)`
}

/** Nothing is embedded into a retired store, nor of a thread whose vectors of an earlier link are still to go. */
const isDue = sql`m.next_attempt_at <= now() and (m.lease_expires_at is null or m.lease_expires_at < now())
  and t.deleted_at is null and exists (select 1 from embedding_store s where s.id = m.store_id and s.state <> 'RETIRED')
  and not exists (select 1 from vector_removal r where r.store_id = m.store_id and r.thread_id = m.thread_id)`

/** Takes threads that have work and that nobody is on, the longest waiting first: those that had a turn come last. */
export const claimDue = (
  leaseId: string,
  leaseMs: number,
  limit: number,
  after: DuePosition | null,
): Statement<DuePosition> => sql`
  with due as (
    select m.store_id, m.thread_id from store_thread m join thread t on t.id = m.thread_id
    where ${isDue} and ${isAfter(after)}
    order by m.next_attempt_at, m.store_id, m.thread_id limit ${limit}::int
    for update of m skip locked),
  claimed as (
    update store_thread m set lease_id = ${leaseId}, lease_expires_at = ${leaseEnd(leaseMs)}
    from due where m.store_id = due.store_id and m.thread_id = due.thread_id
    returning m.store_id as "storeId", m.thread_id as "threadId", m.next_attempt_at as "nextAttemptAt")
  select * from claimed order by "nextAttemptAt", "storeId", "threadId"`

/** Read once they are leased: the statement that leases sees what belongs to a row as it was before it waited for the row. */
export const selectClaims = (leaseId: string, leased: readonly StoreThreadKey[]): Statement<Claim> => sql`
  select s.space_id as "spaceId", m.store_id as "storeId", m.thread_id as "threadId", m.generation, m.lease_id as "leaseId",
    m.embedded_through as "embeddedThrough", t.message_changes as "messageChanges", m.attempts,
    s.embedding_model as "embeddingModel", s.embedding_dimensions as "embeddingDimensions"
  from unnest(${leased.map(({ storeId }) => storeId)}::text[], ${leased.map(({ threadId }) => threadId)}::text[])
      as leased (store_id, thread_id)
    join store_thread m on m.store_id = leased.store_id and m.thread_id = leased.thread_id
    join embedding_store s on s.id = m.store_id join thread t on t.id = m.thread_id
  where m.lease_id = ${leaseId} and s.state <> 'RETIRED'`

function leaseEnd(leaseMs: number): Statement {
  return sql`now() + make_interval(secs => ${leaseMs / 1_000}::float8)`
}

export const renewLease = (claim: Claim, leaseMs: number): Statement<StoreThreadKey> => sql`
  update store_thread set lease_expires_at = ${leaseEnd(leaseMs)} where ${isOurs(claim)}
  returning store_id as "storeId", thread_id as "threadId"`

/** Gives back what is not finished, due anew: others that wait come first, and a worker that has looked beyond it finds it. */
export const releaseClaim = (claim: Claim): Statement => sql`
  update store_thread set next_attempt_at = now(), lease_id = null, lease_expires_at = null where ${isOurs(claim)}`

/** Whether a thread has work that nobody is on, or this one has messages to embed again, which come first in a turn. */
export const selectWaiting = ({ storeId, threadId }: Claim, after: DuePosition | null): Statement => sql`
  select 1 where exists (
      select 1 from store_thread m join thread t on t.id = m.thread_id where ${isDue} and ${isAfter(after)})
    or exists (select 1 from pending_embedding where thread_id = ${threadId} and store_id = ${storeId})`

/** When one process owns the database, a lease that is there at its start belongs to one that died. */
export const voidLeases = (): Statement =>
  sql`update store_thread set lease_id = null, lease_expires_at = null where lease_id is not null`

function isOurs({ storeId, threadId, generation, leaseId }: Claim): Statement {
  return sql`store_id = ${storeId} and thread_id = ${threadId} and generation = ${generation}::bigint
    and lease_id = ${leaseId}`
}

/**
 * Locks the thread, the store and the row of the two, in that order; no row when the claim is no longer ours, the thread is
 * deleted, or the store is retired: who retires it has it for update, and this waits for that.
 */
export const lockClaim = (claim: Claim): Statement<{ embeddedThrough: number }> => sql`
  select m.embedded_through as "embeddedThrough"
  from thread t, embedding_store s, store_thread m
  where t.id = ${claim.threadId} and t.deleted_at is null and s.id = ${claim.storeId} and s.state <> 'RETIRED'
    and m.store_id = s.id and m.thread_id = t.id and m.generation = ${claim.generation}::bigint
    and m.lease_id = ${claim.leaseId}
  for key share of t for key share of s for no key update of m`

export const advanceThread = (
  claim: Claim,
  through: number,
  vectors: number,
  leaseMs: number,
): Statement => sql`
  update store_thread set embedded_through = greatest(embedded_through, ${through}::int),
    vector_count = vector_count + ${vectors}::int, attempts = 0, last_error = null,
    lease_expires_at = ${leaseEnd(leaseMs)}
  where ${isOurs(claim)}`

/** Read in a statement of its own, under the row's lock: a new or edited message either shows here or waits to wake it. */
export const measureRest = (claim: Claim): Statement<{ hasWork: boolean }> => sql`
  select exists (select 1 from message m where m.thread_id = ${claim.threadId}
      and m.sequence > (select embedded_through from store_thread where ${isOurs(claim)}))
    or exists (select 1 from pending_embedding
      where thread_id = ${claim.threadId} and store_id = ${claim.storeId}) as "hasWork"`

/** Nothing is left to do. */
export const settleThread = (claim: Claim): Statement => sql`
  update store_thread set next_attempt_at = null, lease_id = null, lease_expires_at = null where ${isOurs(claim)}`

export const delayThread = (
  claim: Claim,
  error: string,
  delayMs: number,
  attempts: number,
): Statement<{ nextAttemptAt: Date }> => sql`
  update store_thread set attempts = attempts + ${attempts}::int, last_error = ${error}, lease_id = null,
    lease_expires_at = null, next_attempt_at = now() + make_interval(secs => ${delayMs / 1_000}::float8)
  where ${isOurs(claim)} returning next_attempt_at as "nextAttemptAt"`
