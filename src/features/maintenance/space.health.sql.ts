import { type Statement, sql } from '../../platform/database/database.js'

/** A vector `e` stands where it must: of this link and no earlier one, and of a message `m` that the link is through with. */
export const isInPlace = sql`coalesce(e.generation = l.generation and e.model = s.embedding_model
  and m.thread_id = e.thread_id and m.sequence <= l.embedded_through, false)`

/** A refusal `f` is of a message `m` of its thread that has no vectors. */
export const isRefused = sql`coalesce(m.thread_id = f.thread_id, false)
  and not exists (select 1 from embedding e where e.store_id = s.id and e.message_id = f.message_id)`

export const isBehind = sql`(exists (
    select 1 from message m where m.thread_id = l.thread_id and m.sequence > l.embedded_through)
  or exists (select 1 from pending_embedding p where p.store_id = l.store_id and p.thread_id = l.thread_id))`

/** The store that answers for a space. */
export const activeStore = (spaceId: string): Statement => sql`s.space_id = ${spaceId} and s.state = 'ACTIVE'`

/** Vectors that left with an earlier link go by themselves. */
export const isStaying = sql`not exists (
  select 1 from vector_removal r
  where r.store_id = e.store_id and r.thread_id = e.thread_id and e.generation <= r.generation)`

/** Of threads that are deleted nothing is looked at: it goes with them, or is looked at once they are restored. */
export const liveLinks = (spaceId: string): Statement => sql`
  embedding_store s join store_thread l on l.store_id = s.id
    join thread t on t.id = l.thread_id and t.deleted_at is null
  where ${activeStore(spaceId)}`

export interface LinkHealth {
  threadId: string
  /** the last sequence that a check of its messages need look at */
  through: number
  /** that it is through with */
  messages: number
  vectors: number
  orphans: number
  /** messages that wait to be embedded again */
  pending: number
  failures: number
  /** refusals and waiting messages that are of no message any more */
  orphanRecords: number
  isMiscounted: boolean
  isPaused: boolean
  isBehind: boolean
  /** it has work, and no worker would take it */
  isStuck: boolean
  /** when the first message was written that it is not through with */
  waitingSince: Date | null
  attempts: number
  lastError: string | null
}

/** Each live link of a space and what is in the space's store of it, as of one moment. */
export const measureLinks = (spaceId: string): Statement<LinkHealth> => sql`
  with links as materialized (
      select l.*, t.last_sequence, ${isBehind} as is_behind from ${liveLinks(spaceId)}),
    vectors as (
      select e.thread_id, count(*)::int as total from embedding e
      where e.store_id = (select s.id from embedding_store s where ${activeStore(spaceId)}) and ${isStaying}
      group by e.thread_id),
    orphans as (
      select e.thread_id, count(*)::int as total
      from embedding_store s join embedding e on e.store_id = s.id
        join store_thread l on l.store_id = s.id and l.thread_id = e.thread_id
        left join message m on m.id = e.message_id
      where ${activeStore(spaceId)} and ${isStaying} and not ${isInPlace} group by e.thread_id),
    failures as (
      select f.thread_id, count(*)::int as total, (count(*) filter (where not (${isRefused})))::int as orphans
      from embedding_store s join embedding_failure f on f.store_id = s.id left join message m on m.id = f.message_id
      where ${activeStore(spaceId)} group by f.thread_id),
    pending as (
      select p.thread_id, count(*)::int as total,
        (count(*) filter (where m.thread_id is distinct from p.thread_id))::int as orphans
      from embedding_store s join pending_embedding p on p.store_id = s.id left join message m on m.id = p.message_id
      where ${activeStore(spaceId)} group by p.thread_id)
  select l.thread_id as "threadId", least(l.embedded_through, l.last_sequence) as through,
    (select count(*)::int from message m where m.thread_id = l.thread_id and m.sequence <= l.embedded_through) as messages,
    coalesce(v.total, 0) as vectors, coalesce(o.total, 0) as orphans, coalesce(p.total, 0) as pending,
    coalesce(f.total, 0) as failures, coalesce(f.orphans, 0) + coalesce(p.orphans, 0) as "orphanRecords",
    l.vector_count <> coalesce(v.total, 0) or l.embedded_through > l.last_sequence as "isMiscounted",
    l.paused_at is not null as "isPaused", l.is_behind and l.paused_at is null as "isBehind",
    l.is_behind and l.paused_at is null and l.next_attempt_at is null as "isStuck",
    case when l.is_behind and l.paused_at is null then (
      select m.created_at from message m where m.thread_id = l.thread_id and m.sequence > l.embedded_through
      order by m.sequence limit 1) end as "waitingSince",
    l.attempts, l.last_error as "lastError"
  from links l left join vectors v on v.thread_id = l.thread_id left join orphans o on o.thread_id = l.thread_id
    left join failures f on f.thread_id = l.thread_id
    left join pending p on p.thread_id = l.thread_id
  order by l.thread_id`

export interface StrayHealth {
  vectors: number
  records: number
  /** of the counters of threads and of vectors */
  miscounted: number
  staleLinks: number
}

/** What of a space's store belongs to none of its links, and the store's own counters. */
export const measureStrays = (spaceId: string): Statement<StrayHealth> => sql`
  select (
      select count(*)::float8 from embedding e
      where e.store_id = s.id and ${isUnlinked(sql`e.thread_id`)} and ${isStaying}) as vectors,
    (select count(*)::int from embedding_failure f where f.store_id = s.id and ${isUnlinked(sql`f.thread_id`)})
      + (select count(*)::int from pending_embedding p where p.store_id = s.id and ${isUnlinked(sql`p.thread_id`)})
      as records,
    (s.thread_count <> c.threads)::int + (s.vector_count <> c.vectors)::int as miscounted,
    (select count(*)::int from (${listStaleLinks(spaceId)}) stale) as "staleLinks"
  from embedding_store s cross join (${countLinks(spaceId)}) c where ${activeStore(spaceId)}`

/** A link says whether its thread is deleted, for the searches' indexes. Those that say otherwise, in the order of locks. */
export const listStaleLinks = (spaceId: string): Statement<{ threadId: string }> => sql`
  select l.thread_id as "threadId" from space_thread l join thread t on t.id = l.thread_id
  where l.space_id = ${spaceId} and l.hidden <> (t.deleted_at is not null) order by l.thread_id`

export function isUnlinked(threadId: Statement): Statement {
  return sql`not exists (select 1 from store_thread l where l.store_id = s.id and l.thread_id = ${threadId})`
}

export function countLinks(spaceId: string): Statement {
  return sql`select count(*)::int as threads, coalesce(sum(l.vector_count), 0)::bigint as vectors from ${liveLinks(spaceId)}`
}

const isChecked = sql`(v.chunks is not null
    or not exists (select 1 from embedding_failure f where f.store_id = s.id and f.message_id = m.id))
  and not exists (select 1 from pending_embedding p where p.store_id = s.id and p.message_id = m.id)`

/** Messages that are neither refused nor waiting, each with the vectors that it has in place. */
export const checkable = (spaceId: string, messages: Statement, restriction: Statement): Statement => sql`
  from embedding_store s join store_thread l on l.store_id = s.id join ${messages}
    left join lateral (
      select array_agg(e.chunk) as chunks from embedding e
      where e.store_id = s.id and e.message_id = m.id and e.thread_id = m.thread_id
        and e.generation = l.generation and e.model = s.embedding_model) v on true
  where ${activeStore(spaceId)} and m.thread_id = l.thread_id and m.sequence <= l.embedded_through and ${restriction}
    and ${isChecked}`

/** Threads of a space in the order of their ids; `after` null: from the first one on. */
export interface ThreadRange {
  after: string | null
  through: string
}

function isWithin({ after, through }: ThreadRange, threadId: Statement): Statement {
  return sql`${after === null ? sql`true` : sql`${threadId} > ${after}`} and ${threadId} <= ${through}`
}

/** What is checked at once: whole threads, or part of a long one. */
export type Portion = ThreadRange | ThreadPart

export interface ThreadPart {
  threadId: string
  afterSequence: number
  throughSequence: number
}

export interface Suspect {
  messageId: string
  bytes: number
}

/** Messages that may lack vectors or have too many: a text of up to `bytes` has one vector, unless it is empty. */
export const listSuspects = (spaceId: string, portion: Portion, bytes: number) => sql<Suspect>`
  select m.id as "messageId", octet_length(m.content) as bytes
  ${'threadId' in portion ? checkablePart(spaceId, portion, bytes) : checkableThreads(spaceId, portion, bytes)}
  order by m.thread_id, m.sequence`

function mayMisfit(bytes: number): Statement {
  return sql`(v.chunks is distinct from array[0] or octet_length(m.content) > ${bytes}::int)`
}

/** `offset 0` keeps the planner from reading the whole thread. */
function checkablePart(
  spaceId: string,
  { threadId, afterSequence, throughSequence }: ThreadPart,
  bytes: number,
): Statement {
  const part = sql`(
    select id, thread_id, sequence, content from message
    where thread_id = ${threadId} and sequence > ${afterSequence}::int and sequence <= ${throughSequence}::int offset 0) m`
  return checkable(spaceId, sql`${part} on m.thread_id = l.thread_id`, mayMisfit(bytes))
}

/** Links, messages and vectors are each read once and joined, where a look for each message would take many times as long. */
function checkableThreads(spaceId: string, range: ThreadRange, bytes: number): Statement {
  return sql`
    from embedding_store s join store_thread l on l.store_id = s.id
      join thread t on t.id = l.thread_id and t.deleted_at is null and ${isWithin(range, sql`t.id`)}
      join message m on m.thread_id = l.thread_id and m.sequence <= l.embedded_through
      left join (
        select e.message_id, e.thread_id, e.generation, e.model, array_agg(e.chunk) as chunks from embedding e
        where e.store_id = (select s.id from embedding_store s where ${activeStore(spaceId)}) and ${isWithin(range, sql`e.thread_id`)}
        group by e.message_id, e.thread_id, e.generation, e.model
      ) v on v.message_id = m.id and v.thread_id = m.thread_id and v.generation = l.generation and v.model = s.embedding_model
    where ${activeStore(spaceId)} and ${isWithin(range, sql`l.thread_id`)} and ${isWithin(range, sql`m.thread_id`)}
      and ${mayMisfit(bytes)} and ${isChecked}`
}

export interface CheckedText {
  messageId: string
  threadId: string
  /** hexadecimal */
  contentHash: string
  content: string
  /** the pieces of it that have a vector */
  chunks: number[]
}

export const readCheckedTexts = (spaceId: string, messageIds: readonly string[]) => sql<CheckedText>`
  select m.id as "messageId", m.thread_id as "threadId", encode(m.content_hash, 'hex') as "contentHash", m.content,
    coalesce(v.chunks, '{}') as chunks ${checkable(
      spaceId,
      sql`message m on m.thread_id = l.thread_id`,
      sql`m.id = any(${messageIds}::text[])`,
    )}`
