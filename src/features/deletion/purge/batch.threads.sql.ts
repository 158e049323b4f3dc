import { empty, type Fragment, sql } from '../../../platform/database/database.js'
import type { DeletionBatchRecord } from './deletion.batch.sql.js'

type Batch = Pick<DeletionBatchRecord, 'id' | 'threadId' | 'userId'>

/** Position of a scan through an owner's threads. */
export interface ThreadPosition {
  id: string
  listed: boolean
  organizationId: string
  createdAt: Date
}

/** A thread found by the scan. */
export interface BatchThread extends ThreadPosition {
  /** the deletion includes it */
  isTaken: boolean
  legalHold: boolean
  messageCount: number
  /** in all stores; 0 if not included */
  vectorCount: number
}

/**
 * The next threads that may belong to a deletion: a resumable scan of the index of their owner, because the deletion is not
 * indexed. Returns other threads too, so that every step is bounded.
 */
export const selectBatchThreads = (
  batch: Batch,
  after: ThreadPosition | null,
  limit: number,
) => sql<BatchThread>`
  select t.id, t.listed, t.organization_id as "organizationId", t.created_at as "createdAt", t.legal_hold as "legalHold", t.message_count as "messageCount",
    ${isTaken(batch)} as "isTaken",
    case when ${isTaken(batch)} then (
      select coalesce(sum(m.vector_count), 0)::float8 from (
        select vector_count from store_thread where thread_id = t.id
        union all select vector_count from vector_removal where thread_id = t.id) m) else 0 end as "vectorCount"
  from thread t
  where ${mayBeOf(batch)}
    ${after ? isBehind(after) : empty}
  order by t.listed desc, t.organization_id desc, t.created_at desc, t.id desc limit ${limit}::int`

/** What is left of a deletion. */
export interface BatchRest {
  /** can be purged */
  due: number
  /** under a legal hold */
  held: number
}

export const countBatchRest = (batch: Batch) => sql<BatchRest>`
  select (count(*) filter (where not t.legal_hold))::int as due, (count(*) filter (where t.legal_hold))::int as held
  from thread t where ${mayBeOf(batch)} and ${isTaken(batch)}`

function isBehind({ listed, organizationId, createdAt, id }: ThreadPosition): Fragment {
  return sql`and (t.listed, t.organization_id, t.created_at, t.id) < (${listed}, ${organizationId}, ${createdAt}, ${id})`
}

function mayBeOf({ threadId, userId }: Batch): Fragment {
  return threadId === null ? sql`t.owner_id = ${userId}` : sql`t.id = ${threadId}`
}

function isTaken({ id }: Batch): Fragment {
  return sql`t.deletion_batch_id is not distinct from ${id}`
}
