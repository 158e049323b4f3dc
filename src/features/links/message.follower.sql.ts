import { type Statement, sql } from '../../platform/database/database.js'
import type { StoreShare } from '../stores/store.counts.sql.js'

/** Until the transaction ends no worker writes what it has made of the thread's messages. */
export const lockStoresOfThread = (threadId: string): Statement => sql`
  select count(*)::int as count from (
    select 1 from store_thread where thread_id = ${threadId} order by store_id for update) locked`

/**
 * The vectors of a message in all stores that its thread is in, whose rows are locked; those of an earlier link go by
 * themselves. Tells by how many the stores' counts fall, which are changed afterwards: they come after backfills in the order
 * of locks.
 */
export const deleteMessageVectors = (threadId: string, messageId: string): Statement<StoreShare> => sql`
  with gone as (
      delete from embedding e using store_thread m join embedding_store s on s.id = m.store_id and s.state <> 'RETIRED'
      where m.thread_id = ${threadId} and e.store_id = m.store_id and e.message_id = ${messageId} and not exists (
        select 1 from vector_removal r where r.store_id = m.store_id and r.thread_id = m.thread_id)
      returning m.store_id),
    shares as (select store_id, count(*)::int as vectors from gone group by store_id),
    threads as (
      update store_thread m set vector_count = m.vector_count - shares.vectors
      from shares where m.store_id = shares.store_id and m.thread_id = ${threadId})
  select store_id as "storeId", 0 as threads, vectors from shares order by store_id`

/** What the embedder said of a text that is no more. */
export const deleteMessageFailures = (threadId: string, messageId: string): Statement => sql`
  delete from embedding_failure f using store_thread m
  where m.thread_id = ${threadId} and f.store_id = m.store_id and f.message_id = ${messageId}`

/** Backfills at work that are still to count this message. A retry counts only what is pending for it: its target is 0. */
export const selectBackfillsAhead = (
  threadId: string,
  messageId: string,
  sequence: number,
): Statement<{ id: string }> => sql`
  select b.id from store_thread m
    join backfill b on b.store_id = m.store_id and b.thread_id = m.thread_id and b.status in ('QUEUED', 'RUNNING')
  where m.thread_id = ${threadId} and (
    (m.embedded_through < ${sequence}::int and b.target_sequence >= ${sequence}::int)
    or exists (select 1 from pending_embedding p
      where p.store_id = m.store_id and p.message_id = ${messageId} and p.backfill_id = b.id))
  order by b.id`
