import { type Statement, sql } from '../../platform/database/database.js'

/**
 * Messages that a thread is through with in a store and that must be embedded again. Whoever adds some has the row of the two
 * locked, and wakes it; a worker that gives its claim back looks for them under that lock.
 */

export interface PendingEmbedding {
  messageId: string
  /** null: no backfill counts it */
  backfillId: string | null
}

/** An edited message, in each store where its thread is through with it. One that a backfill counts already stays counted there. */
export const addEditedMessage = (threadId: string, messageId: string, sequence: number): Statement => sql`
  insert into pending_embedding (store_id, message_id, thread_id, sequence)
  select l.store_id, ${messageId}, l.thread_id, ${sequence}::int from store_thread l
  where l.thread_id = ${threadId} and l.embedded_through >= ${sequence}::int
  on conflict (store_id, message_id) do nothing
  returning store_id`

/** What the embedder refused, but for what a retry at work has taken. */
export const addRefusedMessages = (storeId: string, threadId: string, backfillId: string): Statement => sql`
  insert into pending_embedding (store_id, message_id, thread_id, sequence, backfill_id)
  select f.store_id, f.message_id, f.thread_id, f.sequence, ${backfillId} from embedding_failure f
  where f.store_id = ${storeId} and f.thread_id = ${threadId}
  on conflict (store_id, message_id) do nothing
  returning message_id`

/** What no backfill counts is counted by this one. */
export const adoptPending = (storeId: string, threadId: string, backfillId: string): Statement => sql`
  update pending_embedding set backfill_id = ${backfillId}
  where store_id = ${storeId} and thread_id = ${threadId} and backfill_id is null
  returning message_id`

/** Of backfills that were canceled: what was refused before stays refused, the rest is embedded and counted by none. */
export const releasePending = (backfillIds: readonly string[]): Statement => sql`
  with refused as (
    delete from pending_embedding p using embedding_failure f
    where p.backfill_id = any(${backfillIds}::text[]) and f.store_id = p.store_id and f.message_id = p.message_id)
  update pending_embedding p set backfill_id = null
  where p.backfill_id = any(${backfillIds}::text[]) and not exists (
    select 1 from embedding_failure f where f.store_id = p.store_id and f.message_id = p.message_id)
  returning p.message_id`

/** In all stores of its thread. */
export const deletePendingMessage = (threadId: string, messageId: string): Statement => sql`
  delete from pending_embedding p using store_thread l
  where l.thread_id = ${threadId} and p.store_id = l.store_id and p.message_id = ${messageId}
  returning p.message_id`

type StoreThreadKey = { storeId: string; threadId: string }

/** Messages that were edited while they were at the embedder. */
export const keepPending = (
  { storeId, threadId }: StoreThreadKey,
  messages: readonly { id: string; sequence: number; backfillId: string | null }[],
): Statement => sql`
  insert into pending_embedding (store_id, message_id, thread_id, sequence, backfill_id)
  select ${storeId}, message_id, ${threadId}, sequence, backfill_id
  from unnest(${messages.map(({ id }) => id)}::text[], ${messages.map(({ sequence }) => sequence)}::int[],
    ${messages.map(({ backfillId }) => backfillId)}::text[]) as edited (message_id, sequence, backfill_id)
  on conflict (store_id, message_id) do nothing
  returning message_id`

/** They are embedded, skipped or refused. One that is not pending any more, because its retry was canceled, is left out. */
export const takePending = (
  { storeId }: StoreThreadKey,
  messageIds: readonly string[],
) => sql<PendingEmbedding>`
  delete from pending_embedding where store_id = ${storeId} and message_id = any(${messageIds}::text[])
  returning message_id as "messageId", backfill_id as "backfillId"`
