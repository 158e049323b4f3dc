import type { ReembeddingStatus } from '../../generated/prisma/enums.js'
import { type Statement, sql } from '../../platform/database/database.js'
import type { Look, Subject } from '../../platform/events/watch.kind.js'
import { beyondKnown } from '../../platform/events/watch.kind.sql.js'
import type { RequestIds } from '../../platform/request.js'
import { spaceVisible } from '../access/access.sql.js'

export interface ReembeddingRecord {
  id: string
  spaceId: string
  storeId: string
  model: string
  dimensions: number
  status: ReembeddingStatus
  total: number
  embedded: number
  skipped: number
  failed: number
  reused: number
  sequence: number
  lastError: string | null
  nextAttemptAt: Date | null
  createdAt: Date
  finishedAt: Date | null
}

interface Sums extends FinalCounts {
  /** when the next of those that wait goes on */
  nextAttemptAt: Date | null
}

/** What the backfills of a store say together. The rest of a canceled one, whose thread went, counts as skipped. */
const sums = (storeId: Statement, where: Statement): Statement<Sums> => sql`
  select coalesce(sum(b.total), 0)::float8 as total, coalesce(sum(b.embedded), 0)::float8 as embedded,
    coalesce(sum(case when b.status = 'CANCELED' then b.total - b.embedded - b.failed else b.skipped end), 0)::float8 as skipped,
    coalesce(sum(b.failed), 0)::float8 as failed, coalesce(sum(b.reused), 0)::float8 as reused,
    coalesce(sum(b.sequence), 0)::float8 as sequence,
    min(b.next_attempt_at) filter (where b.status in ('QUEUED', 'RUNNING')) as "nextAttemptAt",
    (array_agg(b.last_error order by b.next_attempt_at is null, b.updated_at desc)
      filter (where b.last_error is not null and b.status <> 'CANCELED'))[1] as "lastError"
  from backfill b where b.store_id = ${storeId} and b.kind = 'REEMBED' and ${where}`

/** One of the two sides is zero: the row's own counts until it has ended, those of the backfills from then on. */
const selectReembeddings = (where: Statement): Statement<ReembeddingRecord> => sql`
  select r.id, r.space_id as "spaceId", r.store_id as "storeId", r.embedding_model as model,
    r.embedding_dimensions as dimensions, r.status, r.total + p.total as total,
    r.embedded + p.embedded as embedded, r.skipped + p.skipped as skipped, r.failed + p.failed as failed,
    r.reused + p.reused as reused, r.sequence + p.sequence as sequence,
    coalesce(p."lastError", r.last_error) as "lastError", p."nextAttemptAt", r.created_at as "createdAt",
    r.finished_at as "finishedAt"
  from reembedding r cross join lateral (
    ${sums(sql`r.store_id`, sql`r.status = 'RUNNING'`)}) p
  where ${where}`

export const selectReembedding = (id: string): Statement<ReembeddingRecord> =>
  selectReembeddings(sql`r.id = ${id}`)

export const selectWatchedReembeddings = (looks: readonly Look<Subject>[]) =>
  beyondKnown(looks, (id) => selectReembeddings(sql`r.id = ${id}`))

export const selectRunningReembedding = (spaceId: string): Statement<ReembeddingRecord> =>
  selectReembeddings(sql`r.space_id = ${spaceId} and r.status = 'RUNNING'`)

/** The one at work or the last, of each space that the viewer may see. */
export const selectLatestReembeddings = (
  spaceIds: readonly string[],
  viewerId: string,
): Statement<ReembeddingRecord> =>
  selectReembeddings(sql`r.id in (
    select distinct on (o.space_id) o.id from reembedding o join space s on s.id = o.space_id
    where o.space_id = any(${spaceIds}::text[]) and ${spaceVisible('s', viewerId)}
    order by o.space_id, o.created_at desc, o.id desc)`)

export interface NewReembedding {
  id: string
  spaceId: string
  storeId: string
  model: string
  dimensions: number
  startedById: string
  request: RequestIds
}

export const insertReembedding = (row: NewReembedding): Statement => sql`
  insert into reembedding (id, space_id, store_id, embedding_model, embedding_dimensions, started_by_id, request_id,
    trace_id, correlation_id)
  values (${row.id}, ${row.spaceId}, ${row.storeId}, ${row.model}, ${row.dimensions}::int, ${row.startedById},
    ${row.request.requestId}, ${row.request.traceId}, ${row.request.correlationId})
  returning id`

/** What stands in the row of a reembedding that has ended. */
export type FinalCounts = Pick<
  ReembeddingRecord,
  'total' | 'embedded' | 'skipped' | 'failed' | 'reused' | 'sequence' | 'lastError'
>

/** Under a lock of the store, for which whoever changes one of them waits: no watcher is told of a change after the last. */
export const sumBackfills = (storeId: string): Statement<Sums> => sums(sql`${storeId}`, sql`true`)

export const endReembedding = (
  id: string,
  status: ReembeddingStatus,
  counts: FinalCounts,
): Statement<EndedReembedding> => sql`
  update reembedding r set status = ${status}::reembedding_status, total = ${counts.total}::bigint,
    embedded = ${counts.embedded}::bigint, skipped = ${counts.skipped}::bigint, failed = ${counts.failed}::bigint,
    reused = ${counts.reused}::bigint, last_error = ${counts.lastError},
    sequence = r.sequence + ${counts.sequence}::bigint + 1, finished_at = clock_timestamp()
  from space s where r.id = ${id} and r.status = 'RUNNING' and s.id = r.space_id
  returning s.organization_id as "organizationId", r.request_id as "requestId", r.trace_id as "traceId",
    r.correlation_id as "correlationId"`

/** For the audit trail: whose space it was, and whose request. */
export type EndedReembedding = RequestIds & { organizationId: string }

export type Finishable = Pick<ReembeddingRecord, 'id' | 'spaceId' | 'storeId'>

/** Those whose backfills have all ended. */
export const listFinishable = (): Statement<Finishable> => sql`
  select r.id, r.space_id as "spaceId", r.store_id as "storeId" from reembedding r
  where r.status = 'RUNNING' and not exists (
    select 1 from backfill b where b.space_id = r.space_id and b.store_id = r.store_id and b.status in ('QUEUED', 'RUNNING'))
  order by r.created_at, r.id`
