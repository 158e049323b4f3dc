import { type Statement, sql } from '../../platform/database/database.js'
import type { MisfitMessage } from './space.check.js'
import {
  activeStore,
  checkable,
  countLinks,
  isBehind,
  isInPlace,
  isRefused,
  isStaying,
  isUnlinked,
} from './space.health.sql.js'

/** Every statement but the last ones is of one link, whose thread, space and row are locked. */

export interface Gone {
  count: number
}

export const deleteOrphans = (spaceId: string, threadId: string, limit: number): Statement<Gone> => sql`
  with gone as (
    delete from embedding where ctid = any(array(
      select e.ctid from embedding_store s join store_thread l on l.store_id = s.id and l.thread_id = ${threadId}
        join embedding e on e.store_id = s.id and e.thread_id = l.thread_id
        left join message m on m.id = e.message_id
      where ${activeStore(spaceId)} and ${isStaying} and not ${isInPlace} limit ${limit}::int)) returning 1)
  select count(*)::int as count from gone`

/** Refusals of messages that are gone or have vectors, and waiting messages that are gone. */
export const deleteOrphanRecords = (spaceId: string, threadId: string): Statement<Gone> => sql`
  with failures as (
      delete from embedding_failure f using embedding_store s, (
          select o.store_id, o.message_id, m.thread_id from embedding_failure o left join message m on m.id = o.message_id
          where o.thread_id = ${threadId}) m
      where ${activeStore(spaceId)} and m.store_id = s.id and f.store_id = s.id and f.message_id = m.message_id and not (${isRefused})
      returning 1),
    pending as (
      delete from pending_embedding p using embedding_store s
      where ${activeStore(spaceId)} and p.store_id = s.id and p.thread_id = ${threadId} and not exists (
        select 1 from message m where m.id = p.message_id and m.thread_id = p.thread_id)
      returning 1)
  select (select count(*)::int from failures) + (select count(*)::int from pending) as count`

export interface Requeued {
  removedVectors: number
  messages: number
}

/** Takes away what is too much of messages, and has them embedded again when something is missing; not one edited since. */
export const requeueMisfits = (
  spaceId: string,
  misfits: readonly MisfitMessage[],
): Statement<Requeued> => sql`
  with misfits as (
      select s.id as store_id, m.id, m.thread_id, m.sequence, misfit.pieces, v.chunks ${checkable(
        spaceId,
        sql`unnest(${misfits.map(({ messageId }) => messageId)}::text[],
            ${misfits.map(({ contentHash }) => contentHash)}::text[], ${misfits.map(({ pieces }) => pieces)}::int[])
            as misfit (message_id, content_hash, pieces) on true
          join message m on m.id = misfit.message_id and encode(m.content_hash, 'hex') = misfit.content_hash`,
        sql`true`,
      )}),
    excess as (
      delete from embedding e using misfits m
      where e.store_id = m.store_id and e.message_id = m.id and e.chunk >= m.pieces returning 1),
    requeued as (
      insert into pending_embedding (store_id, message_id, thread_id, sequence)
      select m.store_id, m.id, m.thread_id, m.sequence from misfits m
      where (select count(*) from unnest(m.chunks) as present (chunk) where chunk < m.pieces) < m.pieces
      on conflict (store_id, message_id) do nothing returning 1)
  select (select count(*)::int from excess) as "removedVectors", (select count(*)::int from requeued) as messages`

export const recountLink = (spaceId: string, threadId: string): Statement<{ threadId: string }> => sql`
  update store_thread l set vector_count = counted.vectors, embedded_through = counted.through
  from (
    select o.store_id, o.thread_id, (
        select count(*)::int from embedding e
        where e.store_id = s.id and e.thread_id = o.thread_id and ${isStaying}) as vectors,
      least(o.embedded_through, t.last_sequence) as through
    from embedding_store s join store_thread o on o.store_id = s.id join thread t on t.id = o.thread_id
    where ${activeStore(spaceId)} and o.thread_id = ${threadId}) counted
  where l.store_id = counted.store_id and l.thread_id = counted.thread_id
    and (l.vector_count, l.embedded_through) is distinct from (counted.vectors, counted.through)
  returning l.thread_id as "threadId"`

export const wakeStuckLink = (spaceId: string, threadId: string): Statement<{ threadId: string }> => sql`
  update store_thread l set next_attempt_at = now() from embedding_store s
  where ${activeStore(spaceId)} and l.store_id = s.id and l.thread_id = ${threadId} and l.paused_at is null
    and l.next_attempt_at is null and ${isBehind} returning l.thread_id as "threadId"`

/** A thread of the space, also a deleted one: it is neither deleted nor restored meanwhile. */
export const lockThreadIn = (spaceId: string, threadId: string): Statement => sql`
  select id from thread
  where id = ${threadId} and exists (select 1 from space_thread where space_id = ${spaceId} and thread_id = ${threadId})
  for no key update`

/** A statement of its own after the lock, so that it sees what was committed before. */
export const correctLink = (spaceId: string, threadId: string): Statement => sql`
  update space_thread l set hidden = (t.deleted_at is not null)
  from thread t where t.id = l.thread_id and l.space_id = ${spaceId} and l.thread_id = ${threadId}
    and l.hidden <> (t.deleted_at is not null)
  returning l.thread_id`

/** Counters of a store are the last that a transaction changes: who locks them knows what every other has committed. */
export const lockActiveStore = (spaceId: string): Statement =>
  sql`select s.id from embedding_store s where ${activeStore(spaceId)} for no key update`

/** A statement of its own after the lock, so that it sees what was committed before. Tells how many were wrong. */
export const recountStore = (spaceId: string): Statement<Gone> => sql`
  update embedding_store a set thread_count = counted.threads, vector_count = counted.vectors
  from (
    select s.id, c.*, (s.thread_count <> c.threads)::int + (s.vector_count <> c.vectors)::int as wrong
    from embedding_store s cross join (${countLinks(spaceId)}) c where ${activeStore(spaceId)}) counted
  where a.id = counted.id and counted.wrong > 0 returning counted.wrong as count`

/** Threads that have vectors in the space's store, and are not in the space. */
export const listStrayThreads = (spaceId: string): Statement<{ threadId: string }> => sql`
  select e.thread_id as "threadId" from embedding_store s join embedding e on e.store_id = s.id
  where ${activeStore(spaceId)} and ${isUnlinked(sql`e.thread_id`)} and ${isStaying}
  group by e.thread_id order by e.thread_id`

/** A thread that is added meanwhile writes rows of its own: one that is written over is no longer the row that was found. */
export const deleteStrayVectors = (spaceId: string, threadId: string, limit: number): Statement<Gone> => sql`
  with gone as (
    delete from embedding where ctid = any(array(
      select e.ctid from embedding_store s join embedding e on e.store_id = s.id and e.thread_id = ${threadId}
      where ${activeStore(spaceId)} and ${isUnlinked(sql`e.thread_id`)} and ${isStaying} limit ${limit}::int)) returning 1)
  select count(*)::int as count from gone`

export const deleteStrayRecords = (spaceId: string): Statement<Gone> => sql`
  with failures as (
      delete from embedding_failure f using embedding_store s
      where ${activeStore(spaceId)} and f.store_id = s.id and ${isUnlinked(sql`f.thread_id`)} returning 1),
    pending as (
      delete from pending_embedding p using embedding_store s
      where ${activeStore(spaceId)} and p.store_id = s.id and ${isUnlinked(sql`p.thread_id`)} returning 1)
  select (select count(*)::int from failures) + (select count(*)::int from pending) as count`
