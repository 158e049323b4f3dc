import { sql } from '../../platform/database.js'

/** What one space counts of links. */
export interface SpaceShare {
  spaceId: string
  threads: number
  vectors: number
}

/** The order in which rows of spaces are locked: by id, and a shadow right after its space, by which it is found. */
export const spaceOrder = sql`order by coalesce(s.shadow_of, s.id), s.shadow_of nulls first`

export const lockCounts = (spaceIds: readonly string[]) => sql<{ id: string }>`
  select s.id from space s where s.id = any(${spaceIds}::text[]) ${spaceOrder} for no key update`

export const addToCounts = (shares: readonly SpaceShare[], sign: 1 | -1) => sql<{ id: string }>`
  update space s set thread_count = s.thread_count + ${sign}::int * share.threads,
    vector_count = s.vector_count + ${sign}::int * share.vectors, last_activity_at = now()
  from unnest(${shares.map(({ spaceId }) => spaceId)}::text[], ${shares.map(({ threads }) => threads)}::int[],
    ${shares.map(({ vectors }) => vectors)}::bigint[]) as share (space_id, threads, vectors)
  where s.id = share.space_id returning s.id`
