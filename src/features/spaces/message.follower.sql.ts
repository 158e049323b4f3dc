import { type Statement, sql } from '../../platform/database.js'

/** Until the transaction ends no worker writes what it has made of the thread's messages. */
export const lockLinksOf = (threadId: string): Statement => sql`
  select count(*)::int as count from (
    select 1 from space_thread where thread_id = ${threadId} order by space_id, thread_id for update) locked`

/**
 * The vectors of a message in the stores of all spaces that hold its thread, whose links are locked. Tells by how many
 * the spaces' counts fall, which are changed afterwards: they come after backfills in the order of locks.
 */
export const deleteMessageVectors = (threadId: string, messageId: string): Statement => sql`
  with gone as (
      delete from embedding e using space_thread l join space s on s.id = l.space_id
      where l.thread_id = ${threadId} and e.store_id = s.store_id and e.message_id = ${messageId}
      returning l.space_id),
    shares as (select space_id, count(*)::int as vectors from gone group by space_id),
    links as (
      update space_thread l set vector_count = l.vector_count - shares.vectors
      from shares where l.space_id = shares.space_id and l.thread_id = ${threadId})
  select space_id as "spaceId", 0 as threads, vectors from shares order by space_id`

/** What the embedder said of a text that is no more. */
export const deleteMessageFailures = (threadId: string, messageId: string): Statement => sql`
  delete from embedding_failure f using space_thread l
  where l.thread_id = ${threadId} and f.space_id = l.space_id and f.message_id = ${messageId}
  returning f.space_id`

/** Backfills at work that are still to count this message. A retry counts only what is pending for it: its target is 0. */
export const selectBackfillsAhead = (threadId: string, messageId: string, sequence: number): Statement => sql`
  select b.id from space_thread l
    join backfill b on b.space_id = l.space_id and b.thread_id = l.thread_id and b.status in ('QUEUED', 'RUNNING')
  where l.thread_id = ${threadId} and (
    (l.embedded_through < ${sequence}::int and b.target_sequence >= ${sequence}::int)
    or exists (select 1 from pending_embedding p
      where p.space_id = l.space_id and p.message_id = ${messageId} and p.backfill_id = b.id))
  order by b.id`
