import { type Statement, sql } from '../../platform/database.js'

/** A link under this worker's lease. A write that does not carry both lease and generation writes nothing. */
export interface ClaimedLink {
  spaceId: string
  /** where the space's vectors are */
  storeId: string
  threadId: string
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

const isDue = sql`l.next_attempt_at <= now() and (l.lease_expires_at is null or l.lease_expires_at < now())`

/** Takes links that have work and that nobody is on, the longest waiting first: those that had a turn come last. */
export const claimLinks = (leaseId: string, leaseMs: number, limit: number): Statement => sql`
  with due as (
    select l.space_id, l.thread_id, t.message_changes from space_thread l join thread t on t.id = l.thread_id
    where ${isDue} and t.deleted_at is null
    order by l.next_attempt_at limit ${limit}::int
    for update of l skip locked)
  update space_thread l set lease_id = ${leaseId}, lease_expires_at = ${leaseEnd(leaseMs)}
  from due join space s on s.id = due.space_id
  where l.space_id = due.space_id and l.thread_id = due.thread_id
  returning l.space_id as "spaceId", s.store_id as "storeId", l.thread_id as "threadId", l.generation, l.lease_id as "leaseId",
    l.embedded_through as "embeddedThrough", due.message_changes as "messageChanges", l.attempts, s.embedding_model as "embeddingModel",
    s.embedding_dimensions as "embeddingDimensions", s.shadow_of is not null as "isShadow"`

function leaseEnd(leaseMs: number): Statement {
  return sql`now() + make_interval(secs => ${leaseMs / 1_000}::float8)`
}

export const renewLease = (link: ClaimedLink, leaseMs: number): Statement => sql`
  update space_thread set lease_expires_at = ${leaseEnd(leaseMs)} where ${isOurs(link)} returning space_id`

export const releaseLease = (link: ClaimedLink): Statement => sql`
  update space_thread set lease_id = null, lease_expires_at = null where ${isOurs(link)} returning space_id`

/** Gives a link back that is not finished: others that wait come first. */
export const yieldLink = (link: ClaimedLink): Statement => sql`
  update space_thread set next_attempt_at = now(), lease_id = null, lease_expires_at = null
  where ${isOurs(link)} returning space_id`

/** Whether a link has work that nobody is on, or this one has messages to embed again, which come first in a turn. */
export const selectWaiting = ({ spaceId, threadId }: ClaimedLink): Statement => sql`
  select 1 where exists (
      select 1 from space_thread l join thread t on t.id = l.thread_id where ${isDue} and t.deleted_at is null)
    or exists (select 1 from pending_embedding where thread_id = ${threadId} and space_id = ${spaceId})`

/** When one process owns the database, a lease that is there at its start belongs to one that died. */
export const voidLeases = (): Statement =>
  sql`update space_thread set lease_id = null, lease_expires_at = null where lease_id is not null returning space_id`

function isOurs({ spaceId, threadId, generation, leaseId }: ClaimedLink): Statement {
  return sql`space_id = ${spaceId} and thread_id = ${threadId} and generation = ${generation}::bigint
    and lease_id = ${leaseId}`
}

/** Locks thread, space and link in that order; no row when the link is no longer ours or its thread is deleted. */
export const holdClaim = (link: ClaimedLink): Statement => sql`
  select l.embedded_through as "embeddedThrough"
  from thread t, space s, space_thread l
  where t.id = ${link.threadId} and t.deleted_at is null and s.id = ${link.spaceId} and s.deleted_at is null
    and l.space_id = s.id and l.thread_id = t.id and l.generation = ${link.generation}::bigint
    and l.lease_id = ${link.leaseId}
  for key share of t for key share of s for no key update of l`

export interface PendingMessage {
  id: string
  sequence: number
  content: string
}

/** What one batch may hold. */
export interface BatchLimits {
  messages: number
  /** of text, but one message in any case */
  bytes: number
}

export const readMessagesAfter = (threadId: string, sequence: number, limits: BatchLimits): Statement =>
  within(
    limits,
    sql`select id, sequence, content from message
      where thread_id = ${threadId} and sequence > ${sequence}::int
      order by sequence limit ${limits.messages}::int`,
  )

/** What is to be embedded again. */
export const readPendingMessages = ({ spaceId, threadId }: ClaimedLink, limits: BatchLimits): Statement =>
  within(
    limits,
    sql`select m.id, m.sequence, m.content from pending_embedding p join message m on m.id = p.message_id
      where p.thread_id = ${threadId} and p.space_id = ${spaceId}
      order by p.sequence limit ${limits.messages}::int`,
  )

function within({ bytes }: BatchLimits, next: Statement): Statement {
  return sql`
    select id, sequence, content from (
      select id, sequence, content,
        sum(octet_length(content)) over (order by sequence) - octet_length(content) as before
      from (${next}) next
    ) sized
    where before < ${bytes}::bigint order by sequence`
}

export const selectMessageChanges = (threadId: string): Statement =>
  sql`select message_changes as "messageChanges" from thread where id = ${threadId}`

/** What messages say now; those that are gone are left out. */
export const selectContentHashes = (ids: readonly string[]): Statement =>
  sql`select id, encode(content_hash, 'hex') as hash from message where id = any(${ids}::text[])`

export interface NewVector {
  messageId: string
  chunk: number
  vector: Float32Array
}

/** `vectors` is a binary halfvec[]: nine to eighteen times faster than text. Tells how many rows are new. */
export const upsertVectors = (
  link: ClaimedLink,
  rows: readonly NewVector[],
  vectors: Uint8Array,
): Statement => sql`
  with written as (
  insert into embedding (store_id, thread_id, generation, model, message_id, role, message_created_at, chunk, vector)
  select ${link.storeId}, ${link.threadId}, ${link.generation}::bigint, ${link.embeddingModel}, m.id, m.role,
    m.created_at, chunk, vector
  from unnest(${rows.map((row) => row.messageId)}::text[], ${rows.map((row) => row.chunk)}::int[],
    ${vectors}::halfvec[]) as added (message_id, chunk, vector)
    join message m on m.id = added.message_id
  on conflict (store_id, message_id, chunk) do update set vector = excluded.vector, model = excluded.model,
    generation = excluded.generation
  returning xmax = 0 as is_new)
  select (count(*) filter (where is_new))::int as added from written`

/** A vector that is too wide for an index entry stands beside it; the index holds its bits. */
export const upsertWideVectors = (
  link: ClaimedLink,
  rows: readonly NewVector[],
  vectors: Uint8Array,
): Statement => sql`
  with written as (
  insert into embedding (store_id, thread_id, generation, model, message_id, role, message_created_at, chunk,
    wide_vector, wide_bits)
  select ${link.storeId}, ${link.threadId}, ${link.generation}::bigint, ${link.embeddingModel}, m.id, m.role,
    m.created_at, chunk, vector, binary_quantize(vector)::varbit
  from unnest(${rows.map((row) => row.messageId)}::text[], ${rows.map((row) => row.chunk)}::int[],
    ${vectors}::halfvec[]) as added (message_id, chunk, vector)
    join message m on m.id = added.message_id
  on conflict (store_id, message_id, chunk) do update set wide_vector = excluded.wide_vector,
    wide_bits = excluded.wide_bits, model = excluded.model, generation = excluded.generation
  returning xmax = 0 as is_new)
  select (count(*) filter (where is_new))::int as added from written`

export interface Refusal {
  messageId: string
  sequence: number
  error: string
}

export const upsertFailures = (link: ClaimedLink, refusals: readonly Refusal[]): Statement => sql`
  insert into embedding_failure (space_id, thread_id, message_id, sequence, error)
  select ${link.spaceId}, ${link.threadId}, message_id, sequence, error
  from unnest(${refusals.map((refusal) => refusal.messageId)}::text[],
    ${refusals.map((refusal) => refusal.sequence)}::int[],
    ${refusals.map((refusal) => refusal.error)}::text[]) as refused (message_id, sequence, error)
  on conflict (space_id, message_id) do update set error = excluded.error, failed_at = now(),
    attempts = embedding_failure.attempts + 1
  returning message_id`

export const deleteFailures = (spaceId: string, messageIds: readonly string[]): Statement => sql`
  delete from embedding_failure where space_id = ${spaceId} and message_id = any(${messageIds}::text[])
  returning message_id`

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

export const selectVectorType = (): Statement => sql`select 'halfvec'::regtype::oid::int as oid`
