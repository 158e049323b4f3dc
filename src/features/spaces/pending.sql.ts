import { type Statement, sql } from '../../platform/database.js'

/**
 * Messages that a link is through with and must embed again. Whoever adds some holds the link's lock, and wakes the
 * link; a worker that gives its link back looks for them under that lock.
 */

export interface PendingEmbedding {
  messageId: string
  /** null: no backfill counts it */
  backfillId: string | null
}

/** An edited message, in each link that is through with it. One that a backfill counts already stays counted there. */
export const addEditedMessage = (threadId: string, messageId: string, sequence: number): Statement => sql`
  insert into pending_embedding (space_id, message_id, thread_id, sequence)
  select l.space_id, ${messageId}, l.thread_id, ${sequence}::int from space_thread l
  where l.thread_id = ${threadId} and l.embedded_through >= ${sequence}::int
  on conflict (space_id, message_id) do nothing
  returning space_id`

/** What the embedder refused, but for what a retry at work has taken. */
export const addRefusedMessages = (spaceId: string, threadId: string, backfillId: string): Statement => sql`
  insert into pending_embedding (space_id, message_id, thread_id, sequence, backfill_id)
  select f.space_id, f.message_id, f.thread_id, f.sequence, ${backfillId} from embedding_failure f
  where f.space_id = ${spaceId} and f.thread_id = ${threadId}
  on conflict (space_id, message_id) do nothing
  returning message_id`

/** What no backfill counts is counted by this one. */
export const adoptPending = (spaceId: string, threadId: string, backfillId: string): Statement => sql`
  update pending_embedding set backfill_id = ${backfillId}
  where space_id = ${spaceId} and thread_id = ${threadId} and backfill_id is null
  returning message_id`

/** Of backfills that were canceled: what was refused before stays refused, the rest is embedded and counted by none. */
export const releasePending = (backfillIds: readonly string[]): Statement => sql`
  with refused as (
    delete from pending_embedding p using embedding_failure f
    where p.backfill_id = any(${backfillIds}::text[]) and f.space_id = p.space_id and f.message_id = p.message_id)
  update pending_embedding p set backfill_id = null
  where p.backfill_id = any(${backfillIds}::text[]) and not exists (
    select 1 from embedding_failure f where f.space_id = p.space_id and f.message_id = p.message_id)
  returning p.message_id`

/** In all links of its thread. */
export const deletePendingMessage = (threadId: string, messageId: string): Statement => sql`
  delete from pending_embedding p using space_thread l
  where l.thread_id = ${threadId} and p.space_id = l.space_id and p.message_id = ${messageId}
  returning p.message_id`

type Link = { spaceId: string; threadId: string }

/** Messages that were edited while they were at the embedder. */
export const keepPending = (
  { spaceId, threadId }: Link,
  messages: readonly { id: string; sequence: number; backfillId: string | null }[],
): Statement => sql`
  insert into pending_embedding (space_id, message_id, thread_id, sequence, backfill_id)
  select ${spaceId}, message_id, ${threadId}, sequence, backfill_id
  from unnest(${messages.map(({ id }) => id)}::text[], ${messages.map(({ sequence }) => sequence)}::int[],
    ${messages.map(({ backfillId }) => backfillId)}::text[]) as edited (message_id, sequence, backfill_id)
  on conflict (space_id, message_id) do nothing
  returning message_id`

/** They are embedded, skipped or refused. One that is not pending any more, because its retry was canceled, is left out. */
export const takePending = ({ spaceId }: Link, messageIds: readonly string[]): Statement => sql`
  delete from pending_embedding where space_id = ${spaceId} and message_id = any(${messageIds}::text[])
  returning message_id as "messageId", backfill_id as "backfillId"`
