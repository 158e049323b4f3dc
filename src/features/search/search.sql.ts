import { raw, type Statement, sql } from '../../platform/database.js'

export interface SearchHit {
  messageId: string
  /** cosine distance: 0 to 2 */
  distance: number
}

const liveOnly = sql`
  join space_thread l on l.space_id = e.space_id and l.thread_id = e.thread_id and l.generation = e.generation
  join thread t on t.id = e.thread_id and t.deleted_at is null`

/**
 * The nearest messages, each by its nearest piece. Only vectors of live links and live threads are looked at, before
 * the limit. Exact: a scan of the covering index of one space.
 */
export const searchVectors = (spaceId: string, vector: Uint8Array, limit: number): Statement => sql`
  select e.message_id as "messageId", min(e.vector <=> ${vector}::halfvec) as distance
  from embedding e ${liveOnly}
  where e.space_id = ${spaceId} and e.vector is not null
  group by e.message_id order by distance, e.message_id limit ${raw(String(limit))}`

/** Wide vectors: the nearest by their bits, ranked again by the vectors themselves. */
export const searchWideVectors = (
  spaceId: string,
  vector: Uint8Array,
  dimensions: number,
  candidates: number,
  limit: number,
): Statement => sql`
  select near.message_id as "messageId", min(full_row.wide_vector <=> ${vector}::halfvec) as distance
  from (
    select e.space_id, e.message_id, e.chunk from embedding e ${liveOnly}
    where e.space_id = ${spaceId} and e.wide_bits is not null
    order by e.wide_bits::bit(${raw(String(dimensions))}) <~> binary_quantize(${vector}::halfvec)::bit(${raw(String(dimensions))})
    limit ${raw(String(candidates))}
  ) near
  join embedding full_row on full_row.space_id = near.space_id and full_row.message_id = near.message_id
    and full_row.chunk = near.chunk
  group by near.message_id order by distance, near.message_id limit ${raw(String(limit))}`
