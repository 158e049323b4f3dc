import { type Fragment, sql } from '../../src/platform/database/database.js'

/**
 * Parts of a world that grows by numbers: thread 7 is `thrd_000000007`, and its space `space_000000007`. Each is one
 * statement that adds the rows of the numbers from `from` up to, but not with, `to`, so that a world of n can be made
 * one of 10 n. Row 8 is one second younger than row 7.
 */
export type Filler = (from: number, to: number) => Fragment

export const ORGANIZATION = 'org_world'
export const USER = 'user_world'

/** The id of a row by its number: `idOf('thrd', 7)`. */
export function idOf(prefix: string, number: number): string {
  return `${prefix}_${String(number).padStart(9, '0')}`
}

/** The time of a row by its number. */
export function timeOf(number: number): Date {
  return new Date(BEGINNING.getTime() + number * 1_000)
}

const BEGINNING = new Date('2025-01-01T00:00:00Z')
const createdAt = sql`(${BEGINNING}::timestamptz + n * interval '1 second')`

/** `id('thrd')` is the id of thread n, `id('thrd', sql\`n % 10\`)` that of one of ten threads. */
function id(prefix: string, number = sql`n`): Fragment {
  return sql`${prefix}::text || '_' || lpad((${number})::text, 9, '0')`
}

function numbers(from: number, to: number): Fragment {
  return sql`generate_series(${from}::int, ${to - 1}::int) n`
}

/** What a world stands on: an organization and its owner. They do not grow. */
export const base: readonly Fragment[] = [
  sql`insert into organization (id, name) values (${ORGANIZATION}, 'World') on conflict do nothing`,
  sql`insert into usage (organization_id) values (${ORGANIZATION}) on conflict do nothing`,
  sql`insert into "user" (id, seen_at) values (${USER}, now()) on conflict do nothing`,
  sql`insert into member (organization_id, user_id, role, accepted_at) values (${ORGANIZATION}, ${USER}, 'OWNER', now())
    on conflict do nothing`,
]

export interface ThreadWorld {
  ownerId?: string
  organizationId?: string
  /** of its id; default `thrd` */
  prefix?: string
  /** the sequence of its last message */
  messages?: number
  /** by the number n */
  where?: Fragment
}

/** Live threads. */
export function threads({
  ownerId = USER,
  organizationId = ORGANIZATION,
  prefix = 'thrd',
  messages = 0,
  where = sql`true`,
}: ThreadWorld = {}): Filler {
  return (from, to) => sql`
    insert into thread (id, owner_id, organization_id, title, message_count, last_sequence, created_at)
    select ${id(prefix)}, ${ownerId}, ${organizationId}, 'Thread ' || n, ${messages}::int, ${messages}::int, ${createdAt}
    from ${numbers(from, to)} where ${where}`
}

/** So many messages in each thread. */
export function messages(each: number): Filler {
  return (from, to) => sql`
    insert into message (id, thread_id, sequence, role, content, content_hash, created_at)
    select ${id('msg')} || '_' || sequence, ${id('thrd')}, sequence, 'USER', text, sha256(convert_to(text, 'UTF8')), ${createdAt}
    from ${numbers(from, to)}, generate_series(1, ${each}::int) sequence,
      lateral (select 'message ' || sequence || ' of thread ' || n as text) said`
}

const MODEL = 'world'
const DIMENSIONS = 4

/** A space a number: `space_000000007`. */
export function spaces({
  prefix = 'space',
  vectorCount = 0,
  isDeleted = false,
  where = sql`true`,
}: {
  /** of its id; default `space` */
  prefix?: string
  vectorCount?: number
  isDeleted?: boolean
  /** by the number n */
  where?: Fragment
} = {}): Filler {
  return (from, to) => sql`
    with spaces as (
      insert into space (id, organization_id, creator_id, name, created_at, deleted_at)
      select ${id(prefix)}, ${ORGANIZATION}, ${USER}, 'Space ' || n, ${createdAt}, ${isDeleted ? createdAt : sql`null`}
      from ${numbers(from, to)} where ${where} returning id)
    insert into embedding_store (id, space_id, embedding_model, embedding_dimensions, state, vector_count)
    select id, id, ${MODEL}, ${DIMENSIONS}::int, 'ACTIVE', ${vectorCount}::int from spaces where ${!isDeleted}::boolean`
}

/** Thread n in space n modulo `spaces`, embedded up to `through`, and due when `isDue`. */
export function links({
  spaces = 1,
  through = 0,
  isDue = false,
}: {
  spaces?: number
  through?: number
  isDue?: boolean
} = {}): Filler {
  return (from, to) => sql`
    with links as (
      insert into space_thread (space_id, thread_id, added_by_id, added_at)
      select ${id('space', sql`n % ${spaces}::int`)}, ${id('thrd')}, ${USER}, ${createdAt} from ${numbers(from, to)})
    insert into store_thread (store_id, thread_id, generation, embedded_through, vector_count, next_attempt_at)
    select ${id('space', sql`n % ${spaces}::int`)}, ${id('thrd')}, n, ${through}::int, ${through}::int,
      ${isDue ? createdAt : sql`null`}
    from ${numbers(from, to)}`
}

/** The links have nothing to do any more. */
export const settled: Filler = (from, to) => sql`
  update store_thread set next_attempt_at = null where generation between ${from}::int and ${to - 1}::int`

/** A vector of each of the first `each` messages of thread n, in the store of space n modulo `spaces`. */
export function vectors(each: number, spaces = 1): Filler {
  return (from, to) => sql`
    insert into embedding (store_id, thread_id, generation, model, message_id, role, message_created_at, chunk, vector)
    select ${id('space', sql`n % ${spaces}::int`)}, ${id('thrd')}, n, ${MODEL}, ${id('msg')} || '_' || sequence, 'USER',
      ${createdAt}, 0, '[1,0,0,0]'::halfvec
    from ${numbers(from, to)}, generate_series(1, ${each}::int) sequence`
}

/** The backfill that added thread n to space n modulo `spaces`, ended a second later. */
export function backfills(spaces = 1): Filler {
  return (from, to) => sql`
    insert into backfill (id, space_id, store_id, thread_id, generation, kind, status, target_sequence, total, created_at,
      finished_at)
    select ${id('bkfl')}, ${id('space', sql`n % ${spaces}::int`)}, ${id('space', sql`n % ${spaces}::int`)}, ${id('thrd')}, n, 'ADD', 'COMPLETED', 0, 0, ${createdAt},
      ${createdAt} + interval '1 second'
    from ${numbers(from, to)}`
}

/** Two ended re-embeddings of space n. */
export function reembeddings(): Filler {
  return (from, to) => sql`
    insert into reembedding (id, space_id, store_id, embedding_model, embedding_dimensions, status, started_by_id,
      created_at, finished_at)
    select ${id('remb')} || '_' || time, ${id('space')}, ${id('store')} || '_' || time, ${MODEL},
      ${DIMENSIONS}::int, 'COMPLETED', ${USER}, ${createdAt} + time * interval '1 second', ${createdAt} + time * interval '1 second'
    from ${numbers(from, to)}, generate_series(1, 2) time`
}

/** Purged deletions, of one thread each. */
export const deletionBatches: Filler = (from, to) => sql`
  insert into deletion_batch (id, user_id, scope, thread_id, mode, state, count, purged_threads, created_at, finished_at)
  select ${id('del')}, ${USER}, 'THREAD', ${id('thrd')}, 'PERMANENT', 'PURGED', 1, 1, ${createdAt}, ${createdAt}
  from ${numbers(from, to)}`

/** Expired ones. */
export const confirmations: Filler = (from, to) => sql`
  insert into deletion_confirmation (hash, user_id, expires_at) select ${id('hash')}, ${USER}, ${createdAt}
  from ${numbers(from, to)}`

/** Expired ones. */
export const idempotencyKeys: Filler = (from, to) => sql`
  insert into idempotency_key (principal, operation, key, arguments_hash, expires_at)
  select ${USER}, 'createThread', ${id('key')}, '', ${createdAt} from ${numbers(from, to)}`

/** One event a number, each on a thread of its own. Its action and actor are by the number n. */
export function auditEvents({
  organizationId = ORGANIZATION,
  action = sql`'thread.created'`,
  actorId = sql`${USER}`,
  detailsBytes = 0,
}: {
  organizationId?: string
  action?: Fragment
  actorId?: Fragment
  detailsBytes?: number
} = {}): Filler {
  return (from, to) => sql`
    insert into audit_event (id, organization_id, actor_id, action, target_type, target_id, details, created_at)
    select ${organizationId} || ${id('audit')}, ${organizationId}, ${actorId}, ${action}, 'thread', ${id('thrd')},
      jsonb_build_object('note', repeat('x', ${detailsBytes}::int)), ${createdAt}
    from ${numbers(from, to)}`
}
