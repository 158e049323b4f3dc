import { type Statement, sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'
import { spaceVisible } from '../access/access.sql.js'
import { type ThreadRecord, threadColumnsFor } from '../threads/thread.sql.js'

export const selectLink = (spaceId: string, threadId: string): Statement<{ addedAt: Date }> => sql`
  select l.added_at as "addedAt" from space_thread l where l.space_id = ${spaceId} and l.thread_id = ${threadId}`

/** How much of a thread is beyond a sequence. The thread's row is locked, so that it holds until the commit. */
export const measureBeyond = (
  threadId: string,
  sequence: number,
): Statement<{ lastSequence: number; count: number }> => sql`
  select t.last_sequence as "lastSequence",
    case when ${sequence}::int = 0 then t.message_count
      else (select count(*)::int from message m where m.thread_id = t.id and m.sequence > ${sequence}::int) end as count
  from thread t where t.id = ${threadId}`

/** There is work, in every store. What waits after an outage goes on waiting, and what is paused stays paused. */
export const wakeThreads = (threadIds: readonly string[]): Statement<{ threadId: string }> => sql`
  update store_thread set next_attempt_at = coalesce(next_attempt_at, now())
  where thread_id = any(${threadIds}::text[]) and paused_at is null
  returning thread_id as "threadId"`

type StoreThreadKey = { storeId: string; threadId: string }

/** Ends the lease, so that a batch in flight writes nothing. */
export const pauseThread = ({ storeId, threadId }: StoreThreadKey): Statement => sql`
  update store_thread set paused_at = now(), next_attempt_at = null, lease_id = null, lease_expires_at = null
  where store_id = ${storeId} and thread_id = ${threadId}`

export const resumeThread = ({ storeId, threadId }: StoreThreadKey): Statement => sql`
  update store_thread set paused_at = null, next_attempt_at = now(), attempts = 0, last_error = null
  where store_id = ${storeId} and thread_id = ${threadId}`

export type LinkedThread = ThreadRecord & { spaceId: string; addedAt: Date; addedById: string }

/**
 * A page of each space. None of one that the viewer cannot see: a reply that is given again may be older than its access.
 * A page is found in the index alone: with other columns, a planner that does not know how large a space is may sort it whole.
 */
export const listLinkedThreads = (
  viewerId: string,
  spaceIds: readonly string[],
  page: Page,
): Statement => sql`
  select ${threadColumnsFor(viewerId)}, s.id as "spaceId", l.added_at as "addedAt", (
      select own.added_by_id from space_thread own where own.space_id = s.id and own.thread_id = t.id) as "addedById"
  from unnest(${spaceIds}::text[]) as parent (id)
  join space s on s.id = parent.id and ${spaceVisible('s', viewerId)}
  cross join lateral (
    select l.thread_id, l.added_at from space_thread l
    where l.space_id = s.id and not l.hidden and ${olderThan(page, sql`l.added_at`, sql`l.thread_id`)}
    order by l.added_at desc, l.thread_id desc ${page.limit}) l
  join thread t on t.id = l.thread_id
  order by s.id, l.added_at desc, l.thread_id desc`

/** A live thread of the space stays, and grows for nobody meanwhile. Any other is held up by nobody who names it. */
export const lockLinkedThread = (spaceId: string, threadId: string): Statement<{ id: string }> => sql`
  select id from thread
  where id = ${threadId} and deleted_at is null
    and exists (select 1 from space_thread where space_id = ${spaceId} and thread_id = ${threadId})
  for no key update`
