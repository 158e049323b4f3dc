import { type Statement, sql } from '../../platform/database.js'

/** How workers hold links: claiming, keeping, and giving them back with how far they came. */

export interface LinkKey {
  spaceId: string
  threadId: string
}

/** Where a link stands in the order in which links become due. */
export interface DuePosition extends LinkKey {
  nextAttemptAt: Date
}

/** A link under this worker's lease. A write that does not carry both lease and generation writes nothing. */
export interface ClaimedLink extends LinkKey {
  /** where the space's vectors are */
  storeId: string
  generation: bigint
  leaseId: string
  embeddedThrough: number
  /** of its thread, before any of its messages were read */
  messageChanges: number
  attempts: number
  embeddingModel: string
  embeddingDimensions: number
  /** of a space whose memory is being built anew */
  isShadow: boolean
}

// A link whose transaction was long on its way to the commit is due from that transaction's beginning on.
const LONGEST_COMMIT = sql`interval '5 seconds'`

/** Due after a position. Index entries before it, which an old snapshot keeps from being removed, are not read. */
function isAfter(position: DuePosition | null): Statement {
  if (!position) return sql`true`
  const { nextAttemptAt, spaceId, threadId } = position
  const isPast = sql`${nextAttemptAt}::timestamptz <= now() - ${LONGEST_COMMIT}`
  return sql`(l.next_attempt_at, l.space_id, l.thread_id) > (
    least(${nextAttemptAt}::timestamptz, now() - ${LONGEST_COMMIT}),
    case when ${isPast} then ${spaceId} else '' end, case when ${isPast} then ${threadId} else '' end)`
}

const isDue = sql`l.next_attempt_at <= now() and (l.lease_expires_at is null or l.lease_expires_at < now())`

/** Takes links that have work and that nobody is on, the longest waiting first: those that had a turn come last. */
export const claimLinks = (
  leaseId: string,
  leaseMs: number,
  limit: number,
  after: DuePosition | null,
): Statement => sql`
  with due as (
    select l.space_id, l.thread_id from space_thread l join thread t on t.id = l.thread_id
    where ${isDue} and ${isAfter(after)} and t.deleted_at is null
    order by l.next_attempt_at, l.space_id, l.thread_id limit ${limit}::int
    for update of l skip locked),
  claimed as (
    update space_thread l set lease_id = ${leaseId}, lease_expires_at = ${leaseEnd(leaseMs)}
    from due where l.space_id = due.space_id and l.thread_id = due.thread_id
    returning l.space_id as "spaceId", l.thread_id as "threadId", l.next_attempt_at as "nextAttemptAt")
  select * from claimed order by "nextAttemptAt", "spaceId", "threadId"`

/**
 * Read once they are leased: the statement that leases may take a link as a re-embedding has just changed it, and would
 * still see the space as it was before. One that has changed since has lost its lease, and is left out.
 */
export const selectLeased = (leaseId: string, links: readonly LinkKey[]): Statement => sql`
  select l.space_id as "spaceId", s.store_id as "storeId", l.thread_id as "threadId", l.generation, l.lease_id as "leaseId",
    l.embedded_through as "embeddedThrough", t.message_changes as "messageChanges", l.attempts,
    s.embedding_model as "embeddingModel", s.embedding_dimensions as "embeddingDimensions",
    s.shadow_of is not null as "isShadow"
  from unnest(${links.map(({ spaceId }) => spaceId)}::text[], ${links.map(({ threadId }) => threadId)}::text[])
      as leased (space_id, thread_id)
    join space_thread l on l.space_id = leased.space_id and l.thread_id = leased.thread_id
    join space s on s.id = l.space_id join thread t on t.id = l.thread_id
  where l.lease_id = ${leaseId}`

function leaseEnd(leaseMs: number): Statement {
  return sql`now() + make_interval(secs => ${leaseMs / 1_000}::float8)`
}

export const renewLease = (link: ClaimedLink, leaseMs: number): Statement => sql`
  update space_thread set lease_expires_at = ${leaseEnd(leaseMs)} where ${isOurs(link)} returning space_id`

/** Due anew: a worker that has looked beyond it finds it again. */
export const releaseLease = (link: ClaimedLink): Statement => sql`
  update space_thread set next_attempt_at = now(), lease_id = null, lease_expires_at = null where ${isOurs(link)} returning space_id`

/** Gives a link back that is not finished: others that wait come first. */
export const yieldLink = (link: ClaimedLink): Statement => sql`
  update space_thread set next_attempt_at = now(), lease_id = null, lease_expires_at = null
  where ${isOurs(link)} returning space_id`

/** Whether a link has work that nobody is on, or this one has messages to embed again, which come first in a turn. */
export const selectWaiting = (
  { spaceId, threadId }: ClaimedLink,
  after: DuePosition | null,
): Statement => sql`
  select 1 where exists (
      select 1 from space_thread l join thread t on t.id = l.thread_id
      where ${isDue} and ${isAfter(after)} and t.deleted_at is null)
    or exists (select 1 from pending_embedding where thread_id = ${threadId} and space_id = ${spaceId})`

/** When one process owns the database, a lease that is there at its start belongs to one that died. */
export const voidLeases = (): Statement =>
  sql`update space_thread set lease_id = null, lease_expires_at = null where lease_id is not null returning space_id`

function isOurs({ spaceId, threadId, generation, leaseId }: ClaimedLink): Statement {
  return sql`space_id = ${spaceId} and thread_id = ${threadId} and generation = ${generation}::bigint
    and lease_id = ${leaseId}`
}

/**
 * Locks thread, space and link in that order; no row when the link is no longer ours, its thread is deleted, or the
 * space's vectors are elsewhere.
 */
export const holdClaim = (link: ClaimedLink): Statement => sql`
  select l.embedded_through as "embeddedThrough"
  from thread t, space s, space_thread l
  where t.id = ${link.threadId} and t.deleted_at is null and s.id = ${link.spaceId} and s.deleted_at is null
    and s.store_id = ${link.storeId} and l.space_id = s.id and l.thread_id = t.id and l.generation = ${link.generation}::bigint
    and l.lease_id = ${link.leaseId}
  for key share of t for key share of s for no key update of l`

export const advanceLink = (
  link: ClaimedLink,
  through: number,
  vectors: number,
  leaseMs: number,
): Statement => sql`
  update space_thread set embedded_through = greatest(embedded_through, ${through}::int),
    vector_count = vector_count + ${vectors}::int, attempts = 0, last_error = null,
    lease_expires_at = ${leaseEnd(leaseMs)}
  where ${isOurs(link)} returning space_id`

/** Read in a statement of its own, under the link's lock: a new or edited message either shows here or waits to wake the link. */
export const measureRest = (link: ClaimedLink): Statement => sql`
  select exists (select 1 from message m where m.thread_id = ${link.threadId}
      and m.sequence > (select embedded_through from space_thread where ${isOurs(link)}))
    or exists (select 1 from pending_embedding
      where thread_id = ${link.threadId} and space_id = ${link.spaceId}) as "hasWork"`

/** Nothing is left to do. */
export const settleLink = (link: ClaimedLink): Statement => sql`
  update space_thread set next_attempt_at = null, lease_id = null, lease_expires_at = null
  where ${isOurs(link)} returning space_id`

export const delayLink = (
  link: ClaimedLink,
  error: string,
  delayMs: number,
  attempts: number,
): Statement => sql`
  update space_thread set attempts = attempts + ${attempts}::int, last_error = ${error}, lease_id = null, lease_expires_at = null,
    next_attempt_at = now() + make_interval(secs => ${delayMs / 1_000}::float8)
  where ${isOurs(link)} returning next_attempt_at as "nextAttemptAt"`
