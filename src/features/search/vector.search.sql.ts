import { raw, type Statement, sql } from '../../platform/database/database.js'
import type { SearchFilter } from './search.filter.js'
import { matching } from './search.filter.sql.js'

export interface VectorHit {
  messageId: string
  /** its nearest chunk */
  chunk: number
  /** cosine distance of that chunk: 0 to 2 */
  distance: number
}

/** A message among the nearest chunks, and how many chunks were examined. */
export interface NearHit extends VectorHit {
  pieces: number
}

/** One space's vectors, restricted to those that a search may show. */
export interface VectorScope {
  spaceId: string
  storeId: string
  dimensions: number
  filter: SearchFilter
}

/** How many chunks to examine, and how many messages to return. */
export interface VectorDepth {
  pieces: number
  messages: number
}

/**
 * Excludes soft-deleted threads before the limit. An exact search hashes the few hidden ones, at a fifth of the cost of a
 * join with the many live ones; a search by index looks up what it encounters. Threads removed from the space have no
 * vectors there, except long ones whose vectors are still being deleted: these are read once a search.
 */
function within({ spaceId, storeId, filter }: VectorScope): Statement {
  return sql`e.store_id = ${storeId} and not exists (
    select 1 from space_thread l where l.space_id = ${spaceId} and l.thread_id = e.thread_id and l.hidden)
    and e.thread_id <> all (array(select r.thread_id from vector_removal r where r.store_id = ${storeId}))
    and ${matching(filter, { threadId: sql`e.thread_id`, role: sql`e.role`, createdAt: sql`e.message_created_at` })}`
}

/** Each message by the nearest of these chunks. */
function messagesOf(pieces: Statement, { messages }: VectorDepth): Statement {
  return sql`
    with piece as materialized (${pieces}),
    near as (
      select distinct on (message_id) message_id, chunk, distance from piece order by message_id, distance, chunk)
    select message_id as "messageId", chunk, distance, (select count(*) from piece)::int as pieces
    from near order by distance, message_id ${raw(`limit ${messages}`)}`
}

/** Exact: scans one store in the covering index. */
export const searchVectors = (scope: VectorScope, vector: Uint8Array, depth: VectorDepth): Statement => {
  const nearest = sql`
    select e.message_id, e.chunk, e.vector <=> ${vector}::halfvec as distance
    from embedding e where ${within(scope)} and e.vector is not null
    order by distance, e.message_id, e.chunk ${raw(`limit ${depth.pieces}`)}`
  return messagesOf(nearest, depth)
}

/** By the store's vector index, if any: the expression must equal the index's. */
export const searchIndexedVectors = (
  scope: VectorScope,
  vector: Uint8Array,
  depth: VectorDepth,
): Statement => {
  const type = raw(`halfvec(${scope.dimensions})`)
  const nearest = sql`
    select e.message_id, e.chunk, e.vector::${type} <=> ${vector}::${type} as distance
    from embedding e where ${within(scope)}
    order by distance ${raw(`limit ${depth.pieces}`)}`
  return messagesOf(nearest, depth)
}

/** Wide vectors: the nearest by bits, with or without an index, re-ranked by the full vectors. */
export const searchWideVectors = (scope: VectorScope, vector: Uint8Array, depth: VectorDepth): Statement => {
  const nearest = sql`
    select e.message_id, e.chunk from embedding e where ${within(scope)}
    order by ${bitDistance(scope, vector)} ${raw(`limit ${depth.pieces}`)}`
  return messagesOf(rankedAgain(scope, nearest, vector), depth)
}

/**
 * The same however many chunks a message has: one scan that keeps the nearest chunk of each. It sorts or hashes a whole
 * store, so it costs two to three times as much. `offset 0` keeps the vectors out of that step.
 */
export const searchMessages = (scope: VectorScope, vector: Uint8Array, messages: number): Statement => sql`
  select message_id as "messageId", nearest[2]::int as chunk, nearest[1] as distance
  from (${nearestOfEach(scope, sql`e.vector <=> ${vector}::halfvec`)}) message
  where nearest[1] is not null
  order by distance, message_id ${raw(`limit ${messages}`)}`

/** For wide vectors, the chunk of each message that is nearest by bits; the nearest of these messages are re-ranked. */
export const searchWideMessages = (
  scope: VectorScope,
  vector: Uint8Array,
  { pieces, messages }: VectorDepth,
): Statement => {
  const nearest = sql`
    select message_id, nearest[2]::int as chunk
    from (${nearestOfEach(scope, bitDistance(scope, vector))}) message
    order by nearest[1], message_id ${raw(`limit ${pieces}`)}`
  return sql`
    select message_id as "messageId", chunk, distance from (${rankedAgain(scope, nearest, vector)}) ranked
    order by distance, message_id ${raw(`limit ${messages}`)}`
}

function nearestOfEach(scope: VectorScope, distance: Statement): Statement {
  return sql`
    select message_id, min(array[distance, chunk]) as nearest
    from (select e.message_id, e.chunk, ${distance} as distance from embedding e where ${within(scope)} offset 0) piece
    group by message_id`
}

function bitDistance({ dimensions }: VectorScope, vector: Uint8Array): Statement {
  const bits = raw(`bit(${dimensions})`)
  return sql`e.wide_bits::${bits} <~> binary_quantize(${vector}::halfvec)::${bits}`
}

function rankedAgain({ storeId }: VectorScope, nearest: Statement, vector: Uint8Array): Statement {
  return sql`
    select near.message_id, near.chunk, wide.wide_vector <=> ${vector}::halfvec as distance
    from (${nearest}) near
    join embedding wide on wide.store_id = ${storeId} and wide.message_id = near.message_id
      and wide.chunk = near.chunk`
}
