import { raw, type Statement, sql } from '../../platform/database.js'
import { matching, type SearchFilter } from './search.filter.js'

export interface VectorHit {
  messageId: string
  /** which piece of the message it is */
  chunk: number
  /** cosine distance: 0 to 2 */
  distance: number
}

/** One space's vectors, and which of them a search may show. */
export interface VectorScope {
  spaceId: string
  storeId: string
  dimensions: number
  filter: SearchFilter
}

/**
 * Leaves out soft-deleted threads, before the limit: an exact search hashes the few that are hidden, which costs a fifth
 * of a join with the many that are live, and a search by an index looks up what it meets. What left the space has no
 * vectors there.
 */
function within({ spaceId, storeId, filter }: VectorScope): Statement {
  return sql`e.store_id = ${storeId} and not exists (
    select 1 from space_thread l where l.space_id = ${spaceId} and l.thread_id = e.thread_id and l.hidden)
    and ${matching(filter, { threadId: sql`e.thread_id`, role: sql`e.role`, createdAt: sql`e.message_created_at` })}`
}

/** The nearest pieces of messages. Exact: a scan of one store in the covering index. */
export const searchVectors = (scope: VectorScope, vector: Uint8Array, limit: number): Statement => sql`
  select e.message_id as "messageId", e.chunk, e.vector <=> ${vector}::halfvec as distance
  from embedding e where ${within(scope)} and e.vector is not null
  order by distance ${raw(`limit ${limit}`)}`

/** The same by the store's own index, where it has one: the expression is the index's. */
export const searchIndexedVectors = (scope: VectorScope, vector: Uint8Array, limit: number): Statement => {
  const type = raw(`halfvec(${scope.dimensions})`)
  return sql`
    with near as materialized (
      select e.message_id as "messageId", e.chunk, e.vector::${type} <=> ${vector}::${type} as distance
      from embedding e where ${within(scope)}
      order by distance ${raw(`limit ${limit}`)})
    select * from near order by distance`
}

/** Wide vectors: the nearest by their bits, with or without an index, ranked again by the vectors themselves. */
export const searchWideVectors = (scope: VectorScope, vector: Uint8Array, limit: number): Statement => {
  const bits = raw(`bit(${scope.dimensions})`)
  return sql`
    select near.message_id as "messageId", near.chunk, wide.wide_vector <=> ${vector}::halfvec as distance
    from (
      select e.store_id, e.message_id, e.chunk from embedding e
      where ${within(scope)}
      order by e.wide_bits::${bits} <~> binary_quantize(${vector}::halfvec)::${bits} ${raw(`limit ${limit}`)}
    ) near
    join embedding wide on wide.store_id = near.store_id and wide.message_id = near.message_id
      and wide.chunk = near.chunk
    order by distance`
}
