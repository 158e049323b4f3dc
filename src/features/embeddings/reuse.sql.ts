import { type Statement, sql } from '../../platform/database/database.js'
import type { Claim } from './claim.sql.js'

/** Vectors that another space has of the same messages, by the same model: copied, not paid for again. */

/** A message whose vectors stand in another store. */
export interface VectorCopy {
  messageId: string
  storeId: string
}

/** Stores of other spaces: what is in the space is what is built anew. Vectors that are leaving a store are out of date. */
const sourcesOf = (claim: Claim): Statement => sql`
  select s.id as store_id from store_thread m join embedding_store s on s.id = m.store_id
  where m.thread_id = ${claim.threadId} and s.space_id <> ${claim.spaceId} and s.state <> 'RETIRED'
    and s.embedding_model = ${claim.embeddingModel} and s.embedding_dimensions = ${claim.embeddingDimensions}::int
    and not exists (select 1 from vector_removal r where r.store_id = m.store_id and r.thread_id = m.thread_id)`

/** Most threads are in one space, and have none. */
export const selectSources = (claim: Claim): Statement<{ storeId: string }> => sql`
  select store_id as "storeId" from (${sourcesOf(claim)}) source order by store_id`

/** A message has all of its vectors in a store or none: they come and go in one transaction. */
export const selectCopyable = (
  claim: Claim,
  sourceIds: readonly string[],
  messageIds: readonly string[],
): Statement => sql`
  select distinct on (message_id) message_id as "messageId", store_id as "storeId" from embedding
  where store_id = any(${sourceIds}::text[]) and message_id = any(${messageIds}::text[]) and chunk = 0
    and model = ${claim.embeddingModel}
  order by message_id, store_id`

/**
 * Under the claim's lock, for which a change of a message waits as well: what is there is of its newest content. The
 * source is looked for again, because it may have gone since the messages were read.
 */
export const copyVectors = (claim: Claim, copies: readonly VectorCopy[]) => sql<CopiedMessage>`
  with copied as (
    insert into embedding (store_id, thread_id, generation, model, message_id, role, message_created_at, chunk, vector,
      wide_vector, wide_bits)
    select ${claim.storeId}, e.thread_id, ${claim.generation}::bigint, e.model, e.message_id, e.role,
      e.message_created_at, e.chunk, e.vector, e.wide_vector, e.wide_bits
    from unnest(${copies.map(({ messageId }) => messageId)}::text[], ${copies.map(({ storeId }) => storeId)}::text[])
        as copy (message_id, store_id)
      join embedding e on e.store_id = copy.store_id and e.message_id = copy.message_id
    where e.thread_id = ${claim.threadId} and e.model = ${claim.embeddingModel}
      and e.store_id in (${sourcesOf(claim)})
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
