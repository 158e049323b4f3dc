import { type Statement, sql } from '../../platform/database.js'

/** A link under this worker's lease. A write that does not carry both lease and generation writes nothing. */
export interface ClaimedLink {
  spaceId: string
  threadId: string
  generation: bigint
  leaseId: string
  embeddedThrough: number
  attempts: number
  embeddingModel: string
  embeddingDimensions: number
}

/** Takes links that have work and that nobody is on, the longest waiting first. */
export const claimLinks = (leaseId: string, leaseMs: number, limit: number): Statement => sql`
  with due as (
    select l.space_id, l.thread_id from space_thread l join thread t on t.id = l.thread_id
    where l.next_attempt_at <= now() and (l.lease_expires_at is null or l.lease_expires_at < now())
      and t.deleted_at is null
    order by l.next_attempt_at limit ${limit}::int
    for update of l skip locked)
  update space_thread l set lease_id = ${leaseId}, lease_expires_at = ${leaseEnd(leaseMs)}
  from due join space s on s.id = due.space_id
  where l.space_id = due.space_id and l.thread_id = due.thread_id
  returning l.space_id as "spaceId", l.thread_id as "threadId", l.generation, l.lease_id as "leaseId",
    l.embedded_through as "embeddedThrough", l.attempts, s.embedding_model as "embeddingModel",
    s.embedding_dimensions as "embeddingDimensions"`

function leaseEnd(leaseMs: number): Statement {
  return sql`now() + make_interval(secs => ${leaseMs / 1_000}::float8)`
}

export const renewLease = (link: ClaimedLink, leaseMs: number): Statement => sql`
  update space_thread set lease_expires_at = ${leaseEnd(leaseMs)} where ${isOurs(link)} returning space_id`

export const releaseLease = (link: ClaimedLink): Statement => sql`
  update space_thread set lease_id = null, lease_expires_at = null where ${isOurs(link)} returning space_id`

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

/** The next messages, up to about `maxBytes` of text, and one in any case. */
export const readMessagesAfter = (
  threadId: string,
  sequence: number,
  limit: number,
  maxBytes: number,
): Statement => sql`
  select id, sequence, content from (
    select id, sequence, content,
      sum(octet_length(content)) over (order by sequence) - octet_length(content) as before
    from (
      select id, sequence, content from message
      where thread_id = ${threadId} and sequence > ${sequence}::int
      order by sequence limit ${limit}::int) next
  ) sized
  where before < ${maxBytes}::bigint order by sequence`

/** What a retry has taken and not yet tried; nothing once it is canceled. */
export const readRetriedMessages = (
  link: Pick<ClaimedLink, 'spaceId' | 'threadId'>,
  retryId: string,
  limit: number,
): Statement => sql`
  select m.id, m.sequence, m.content from embedding_failure f join message m on m.id = f.message_id
    join backfill b on b.id = f.retry_id and b.status in ('QUEUED', 'RUNNING')
  where f.space_id = ${link.spaceId} and f.thread_id = ${link.threadId} and f.retry_id = ${retryId}
  order by f.sequence limit ${limit}::int`

export interface NewVector {
  messageId: string
  chunk: number
  vector: Float32Array
}

/** `vectors` is a binary halfvec[]: nine to eighteen times faster than text. Tells which rows are new. */
export const upsertVectors = (
  link: ClaimedLink,
  rows: readonly NewVector[],
  vectors: Uint8Array,
): Statement => sql`
  insert into embedding (space_id, thread_id, generation, model, message_id, chunk, vector)
  select ${link.spaceId}, ${link.threadId}, ${link.generation}::bigint, ${link.embeddingModel}, message_id, chunk, vector
  from unnest(${rows.map((row) => row.messageId)}::text[], ${rows.map((row) => row.chunk)}::int[],
    ${vectors}::halfvec[]) as added (message_id, chunk, vector)
  on conflict (space_id, message_id, chunk) do update set vector = excluded.vector, model = excluded.model,
    generation = excluded.generation
  returning (xmax = 0) as "isNew"`

/** A vector that is too wide for an index entry stands beside it; the index holds its bits. */
export const upsertWideVectors = (
  link: ClaimedLink,
  rows: readonly NewVector[],
  vectors: Uint8Array,
): Statement => sql`
  insert into embedding (space_id, thread_id, generation, model, message_id, chunk, wide_vector, wide_bits)
  select ${link.spaceId}, ${link.threadId}, ${link.generation}::bigint, ${link.embeddingModel}, message_id, chunk,
    vector, binary_quantize(vector)::varbit
  from unnest(${rows.map((row) => row.messageId)}::text[], ${rows.map((row) => row.chunk)}::int[],
    ${vectors}::halfvec[]) as added (message_id, chunk, vector)
  on conflict (space_id, message_id, chunk) do update set wide_vector = excluded.wide_vector,
    wide_bits = excluded.wide_bits, model = excluded.model, generation = excluded.generation
  returning (xmax = 0) as "isNew"`

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
  on conflict (space_id, message_id) do update set error = excluded.error, retry_id = null, failed_at = now(),
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

/** Read in a statement of its own, under the link's lock: an append either shows here or waits to wake the link. */
export const measureRest = (link: ClaimedLink): Statement => sql`
  select t.last_sequence > ${sql`(select embedded_through from space_thread where ${isOurs(link)})`}
    or exists (select 1 from embedding_failure f join backfill b on b.id = f.retry_id
      where f.space_id = ${link.spaceId} and f.thread_id = ${link.threadId}
        and b.status in ('QUEUED', 'RUNNING')) as "hasWork"
  from thread t where t.id = ${link.threadId}`

/** Nothing is left to do. */
export const settleLink = (link: ClaimedLink): Statement => sql`
  update space_thread set next_attempt_at = null, lease_id = null, lease_expires_at = null
  where ${isOurs(link)} returning space_id`

export const delayLink = (link: ClaimedLink, error: string, delayMs: number): Statement => sql`
  update space_thread set attempts = attempts + 1, last_error = ${error}, lease_id = null, lease_expires_at = null,
    next_attempt_at = now() + make_interval(secs => ${delayMs / 1_000}::float8)
  where ${isOurs(link)} returning next_attempt_at as "nextAttemptAt"`

export const selectVectorType = (): Statement => sql`select 'halfvec'::regtype::oid::int as oid`
