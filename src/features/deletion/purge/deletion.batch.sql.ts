import type {
  DeletionBatchGetPayload,
  DeletionBatchSelect,
} from '../../../generated/prisma/models/DeletionBatch.js'
import { columnsOf } from '../../../platform/database/columns.js'
import { type Fragment, sql } from '../../../platform/database/database.js'
import type { Look, Subject } from '../../../platform/events/watch.kind.js'
import { beyondKnown } from '../../../platform/events/watch.kind.sql.js'
import type { RequestIds } from '../../../platform/request.js'
import { fromNow, isFree } from '../../../platform/workers/lease.sql.js'

const batch = {
  id: true,
  userId: true,
  scope: true,
  organizationId: true,
  threadId: true,
  mode: true,
  state: true,
  count: true,
  purgedThreads: true,
  sequence: true,
  lastError: true,
  createdAt: true,
  updatedAt: true,
  purgeAfter: true,
  finishedAt: true,
} satisfies DeletionBatchSelect

/** One deletion, of one or many threads, and the progress of its purge. */
export type DeletionBatchRecord = DeletionBatchGetPayload<{ select: typeof batch }> & {
  messageCount: number
  purgedMessages: number
}

const columns = sql`${columnsOf('b', batch)}, b.message_count::float8 as "messageCount",
  b.purged_messages::float8 as "purgedMessages"`

export const selectBatches = (ids: readonly string[]) =>
  sql<DeletionBatchRecord>`select ${columns} from deletion_batch b where b.id = any(${ids}::text[])`

export const selectWatchedBatches = (looks: readonly Look<Subject>[]) =>
  beyondKnown(
    looks,
    (id) => sql<DeletionBatchRecord>`select ${columns} from deletion_batch b where b.id = ${id}`,
  )

/** The newest deletion of a thread. */
export const selectBatchOfThread = (threadId: string) => sql<DeletionBatchRecord>`
  select ${columns} from deletion_batch b where b.thread_id = ${threadId} order by b.created_at desc, b.id desc limit 1`

/** Soft deletions whose retention has ended. */
export const releaseDue = () => sql<{ id: string }>`
  update deletion_batch set state = 'PURGING', next_attempt_at = now(), sequence = sequence + 1, updated_at = now()
  where state = 'RESTORABLE' and purge_after <= now() returning id`

export type ClaimedBatch = DeletionBatchRecord & RequestIds & { leaseId: string; attempts: number }

export const claimBatch = (leaseId: string, leaseMs: number) => sql<ClaimedBatch>`
  update deletion_batch b set lease_id = ${leaseId}, lease_expires_at = ${fromNow(leaseMs)}
  where b.id = (
    select d.id from deletion_batch d
    where d.next_attempt_at <= now() and ${isFree(sql`d`)}
    order by d.next_attempt_at limit 1 for update skip locked)
  returning ${columns}, b.lease_id as "leaseId", b.attempts, b.request_id as "requestId",
    b.trace_id as "traceId", b.correlation_id as "correlationId"`

type Claim = Pick<ClaimedBatch, 'id' | 'leaseId'>

const isOurs = ({ id, leaseId }: Claim): Fragment => sql`b.id = ${id} and b.lease_id = ${leaseId}`

export const renewBatch = (claim: Claim, leaseMs: number) => sql<{ id: string }>`
  update deletion_batch b set lease_expires_at = ${fromNow(leaseMs)} where ${isOurs(claim)} returning b.id`

export const releaseBatch = (claim: Claim) => sql<{ id: string }>`
  update deletion_batch b set lease_id = null, lease_expires_at = null where ${isOurs(claim)} returning b.id`

/** No row if the lease was lost. Locked after its threads, in contrast to a restoration. */
export const lockClaimed = (claim: Claim) =>
  sql<{ id: string }>`select b.id from deletion_batch b where ${isOurs(claim)} for update`

export const advanceBatch = (
  claim: Claim,
  threads: number,
  messages: number,
  leaseMs: number,
) => sql<DeletionBatchRecord>`
  update deletion_batch b set
    purged_threads = least(b.purged_threads + ${threads}::int, b.count),
    purged_messages = least(b.purged_messages + ${messages}::bigint, b.message_count),
    sequence = b.sequence + 1, updated_at = clock_timestamp(), attempts = 0, last_error = null,
    lease_expires_at = ${fromNow(leaseMs)}
  where ${isOurs(claim)} returning ${columns}`

/** What is left is nothing, or under a legal hold: that is checked again after `retryMs`. */
export const settleBatch = (claim: Claim, held: number, retryMs: number) => sql<DeletionBatchRecord>`
  update deletion_batch b set
    state = (case when ${held}::int = 0 then 'PURGED' else 'PURGING' end)::deletion_state,
    finished_at = case when ${held}::int = 0 then clock_timestamp() end,
    next_attempt_at = case when ${held}::int > 0 then ${fromNow(retryMs)} end,
    purged_threads = case when ${held}::int = 0 then b.count else b.purged_threads end,
    purged_messages = case when ${held}::int = 0 then b.message_count else b.purged_messages end,
    sequence = b.sequence + 1, updated_at = clock_timestamp(), lease_id = null, lease_expires_at = null
  where ${isOurs(claim)} returning ${columns}`

export const delayBatch = (claim: Claim, error: string, delayMs: number) => sql<DeletionBatchRecord>`
  update deletion_batch b set attempts = b.attempts + 1, last_error = ${error}, lease_id = null, lease_expires_at = null,
    next_attempt_at = ${fromNow(delayMs)}, sequence = b.sequence + 1, updated_at = clock_timestamp()
  where ${isOurs(claim)} returning ${columns}`

export const voidBatchLeases = () => sql<{ id: string }>`
  update deletion_batch set lease_id = null, lease_expires_at = null where lease_id is not null returning id`

/** Makes a deletion that was waiting for a thread due now. */
export const wakeBatchOf = (threadId: string) => sql<{ id: string }>`
  update deletion_batch b set next_attempt_at = now() from thread t
  where t.id = ${threadId} and b.id = t.deletion_batch_id and b.state = 'PURGING' and b.next_attempt_at is not null
  returning b.id`
