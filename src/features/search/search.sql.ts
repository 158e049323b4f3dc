import { raw, type Statement, sql } from '../../platform/database.js'

export interface SearchHit {
  messageId: string
  /** cosine distance: 0 to 2 */
  distance: number
}

/**
 * Leaves out soft-deleted threads, before the limit. A hashed list of the few that are hidden costs a fifth of what a
 * join with the many that are live does. What left the space has no vectors there.
 */
function liveIn(spaceId: string): Statement {
  return sql`e.space_id = ${spaceId} and e.thread_id not in (
    select l.thread_id from space_thread l join thread t on t.id = l.thread_id
    where l.space_id = ${spaceId} and t.deleted_at is not null)`
}

/** The nearest pieces of messages. Exact: a scan of one space in the covering index. */
export const searchVectors = (spaceId: string, vector: Uint8Array, limit: number): Statement => sql`
  select e.message_id as "messageId", e.vector <=> ${vector}::halfvec as distance
  from embedding e where ${liveIn(spaceId)} and e.vector is not null
  order by distance ${raw(`limit ${limit}`)}`

/** Wide vectors: the nearest by their bits, ranked again by the vectors themselves. */
export const searchWideVectors = (
  spaceId: string,
  vector: Uint8Array,
  dimensions: number,
  limit: number,
): Statement => {
  const bits = raw(`bit(${dimensions})`)
  return sql`
    select near.message_id as "messageId", wide.wide_vector <=> ${vector}::halfvec as distance
    from (
      select e.space_id, e.message_id, e.chunk from embedding e
      where ${liveIn(spaceId)} and e.wide_bits is not null
      order by e.wide_bits::${bits} <~> binary_quantize(${vector}::halfvec)::${bits} ${raw(`limit ${limit}`)}
    ) near
    join embedding wide on wide.space_id = near.space_id and wide.message_id = near.message_id
      and wide.chunk = near.chunk
    order by distance`
}
