import { type Statement, sql } from '../../platform/database.js'
import type { ClaimedLink } from './claim.sql.js'

/** Vectors that another space has of the same messages, by the same model: copied, not paid for again. */

/** A message whose vectors stand in another store. */
export interface VectorCopy {
  messageId: string
  storeId: string
}

/** Not the store of the space whose memory this one builds anew: it would be built of what is there. */
const sourcesOf = (link: ClaimedLink): Statement => sql`
  select s.store_id from space_thread l join space s on s.id = l.space_id
  where l.thread_id = ${link.threadId} and s.id <> ${link.spaceId} and s.deleted_at is null
    and s.embedding_model = ${link.embeddingModel} and s.embedding_dimensions = ${link.embeddingDimensions}::int
    and s.id is distinct from (select shadow_of from space where id = ${link.spaceId})`

/** Most threads are in one space, and have none. */
export const selectSources = (link: ClaimedLink): Statement => sql`
  select store_id as "storeId" from (${sourcesOf(link)}) source order by store_id`

/** A message has all of its vectors in a store or none: they come and go in one transaction. */
export const selectCopyable = (
  link: ClaimedLink,
  sourceIds: readonly string[],
  messageIds: readonly string[],
): Statement => sql`
  select distinct on (message_id) message_id as "messageId", store_id as "storeId" from embedding
  where store_id = any(${sourceIds}::text[]) and message_id = any(${messageIds}::text[]) and chunk = 0
    and model = ${link.embeddingModel}
  order by message_id, store_id`

/**
 * Under the link's lock, for which a change of a message waits as well: what is there is of its newest content. The
 * source is looked for again, because it may have gone since the messages were read.
 */
export const copyVectors = (link: ClaimedLink, copies: readonly VectorCopy[]): Statement => sql`
  with copied as (
    insert into embedding (store_id, thread_id, generation, model, message_id, role, message_created_at, chunk, vector,
      wide_vector, wide_bits)
    select ${link.storeId}, e.thread_id, ${link.generation}::bigint, e.model, e.message_id, e.role,
      e.message_created_at, e.chunk, e.vector, e.wide_vector, e.wide_bits
    from unnest(${copies.map(({ messageId }) => messageId)}::text[], ${copies.map(({ storeId }) => storeId)}::text[])
        as copy (message_id, store_id)
      join embedding e on e.store_id = copy.store_id and e.message_id = copy.message_id
    where e.thread_id = ${link.threadId} and e.model = ${link.embeddingModel}
      and e.store_id in (${sourcesOf(link)})
    on conflict (store_id, message_id, chunk) do update set vector = excluded.vector,
      wide_vector = excluded.wide_vector, wide_bits = excluded.wide_bits, model = excluded.model,
      generation = excluded.generation
    returning message_id, xmax = 0 as is_new)
  select message_id as "messageId", (count(*) filter (where is_new))::int as added from copied group by message_id`

/** What `copyVectors` did for one message. */
export interface CopiedMessage {
  messageId: string
  /** vectors that were not there before */
  added: number
}
