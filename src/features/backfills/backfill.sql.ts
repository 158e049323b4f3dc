import type { BackfillKind, BackfillStatus } from '../../generated/prisma/enums.js'
import { sql } from '../../platform/database/database.js'
import type { Look, Subject } from '../../platform/events/watch.kind.js'
import { beyondKnown } from '../../platform/events/watch.kind.sql.js'

export interface BackfillRecord {
  id: string
  spaceId: string
  threadId: string
  /** whose vectors it counts */
  storeId: string
  kind: BackfillKind
  status: BackfillStatus
  total: number
  embedded: number
  skipped: number
  failed: number
  reused: number
  sequence: number
  lastError: string | null
  nextAttemptAt: Date | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
  updatedAt: Date
}

const columns = sql`b.id, b.space_id as "spaceId", b.thread_id as "threadId", b.store_id as "storeId", b.kind as kind,
  b.status as status, b.total, b.embedded, b.skipped, b.failed, b.reused, b.sequence, b.last_error as "lastError",
  b.next_attempt_at as "nextAttemptAt", b.created_at as "createdAt", b.started_at as "startedAt",
  b.finished_at as "finishedAt", b.updated_at as "updatedAt"`

/** What builds a space's memory anew counts for the re-embedding alone. */
const isShown = sql`b.kind <> 'REEMBED'`

export interface NewBackfill {
  id: string
  spaceId: string
  storeId: string
  threadId: string
  generation: bigint
  kind: BackfillKind
  targetSequence: number
  total: number
}

/** Without messages there is nothing to wait for: it is complete when it is made. */
export const insertBackfill = (row: NewBackfill) => sql<BackfillRecord>`
  insert into backfill as b (id, space_id, store_id, thread_id, generation, kind, status, target_sequence, total, started_at,
    finished_at)
  select ${row.id}, ${row.spaceId}, ${row.storeId}, ${row.threadId}, ${row.generation}::bigint, ${row.kind}::backfill_kind,
    (case when total = 0 then 'COMPLETED' else 'QUEUED' end)::backfill_status, ${row.targetSequence}::int, total,
    case when total = 0 then now() end, case when total = 0 then now() end
  from (select ${row.total}::int as total) given
  returning ${columns}`

export const selectBackfills = (ids: readonly string[]) =>
  sql<BackfillRecord>`select ${columns} from backfill b where b.id = any(${ids}::text[])`

export const selectWatchedBackfills = (looks: readonly Look<Subject>[]) =>
  beyondKnown(looks, (id) => sql<BackfillRecord>`select ${columns} from backfill b where b.id = ${id}`)

/** What is at work in spaces. */
export const selectActiveInSpaces = (spaceIds: readonly string[]) => sql<BackfillRecord>`
  select ${columns} from backfill b
  where b.space_id = any(${spaceIds}::text[]) and b.status in ('QUEUED', 'RUNNING') and ${isShown}
  order by b.updated_at, b.id`

/** What changed in each space since its settled time: new ones and terminal states too. */
export const selectChangedInSpaces = (spaces: readonly { id: string; since: Date }[]) => sql<BackfillRecord>`
  select b.* from unnest(
    ${spaces.map(({ id }) => id)}::text[], ${spaces.map(({ since }) => since.toISOString())}::timestamptz[]
  ) as watched (space_id, since) cross join lateral (
    select ${columns} from backfill b where b.space_id = watched.space_id and b.updated_at >= watched.since and ${isShown}) b
  order by b."updatedAt", b.id`

export interface SettledTime {
  settledAt: Date
  /** of the spaces that were asked about, those that are no more */
  deletedIds: string[]
}

/**
 * A time before which no change is still to appear. A change has the time at which it is written, and appears when its
 * transaction is committed: that of the oldest one that has written anything counts, and else now. One second less,
 * because a statement reads the clock before its transaction shows as one that writes. Asked before what changed, so that
 * what ended with a space that is deleted by then is read.
 */
export const selectSettledTime = (spaceIds: readonly string[]) => sql<SettledTime>`
  select least(now() - interval '1 second', min(xact_start)) as "settledAt", array(
      select given.id from unnest(${spaceIds}::text[]) as given (id)
      where not exists (select 1 from space s where s.id = given.id and s.deleted_at is null)) as "deletedIds"
  from pg_stat_activity where datname = current_database() and backend_xid is not null`

/** The newest backfill of each link. */
export const selectLatestBackfills = (
  spaceIds: readonly string[],
  threadIds: readonly string[],
) => sql<BackfillRecord>`
  select distinct on (b.space_id, b.thread_id) ${columns} from backfill b
  join unnest(${spaceIds}::text[], ${threadIds}::text[]) as link (space_id, thread_id)
    on b.space_id = link.space_id and b.thread_id = link.thread_id and ${isShown}
  order by b.space_id, b.thread_id, b.created_at desc, b.id desc`

/** What one committed batch did to the backfills of its link. */
export interface BackfillChange {
  embedded: number
  /** of the embedded ones */
  reused: number
  skipped: number
  failed: number
}

const lastRefusal = sql`(
  select f.error from embedding_failure f where f.store_id = b.store_id and f.thread_id = b.thread_id
  order by f.failed_at desc, f.sequence desc limit 1)`

/**
 * Counts a batch, whose refusals are written, and ends the backfill once all of it is counted: COMPLETED, or FAILED when
 * nothing could be embedded. The last refusal stays told, also after an outage has told its own error.
 */
export const advanceBackfill = (id: string, change: BackfillChange) => sql<BackfillRecord>`
  update backfill b set
    embedded = counted.embedded, skipped = counted.skipped, failed = counted.failed,
    reused = b.reused + ${change.reused}::int,
    status = (case
      when counted.embedded + counted.skipped + counted.failed < b.total then 'RUNNING'
      when counted.failed > 0 and counted.embedded = 0 then 'FAILED'
      else 'COMPLETED' end)::backfill_status,
    started_at = coalesce(b.started_at, now()),
    finished_at = case when counted.embedded + counted.skipped + counted.failed >= b.total then clock_timestamp() end,
    last_error = case when counted.failed > 0 then ${lastRefusal} end,
    next_attempt_at = null, sequence = b.sequence + 1, updated_at = clock_timestamp()
  from (select id, embedded + ${change.embedded}::int as embedded, skipped + ${change.skipped}::int as skipped,
      failed + ${change.failed}::int as failed from backfill where id = ${id}) counted
  where b.id = counted.id and b.status in ('QUEUED', 'RUNNING')
  returning ${columns}`

/** A message is gone that these backfills were to embed. One that waited for only this has ended; others go on as they stand. */
export const skipMessage = (ids: readonly string[]) => sql<BackfillRecord>`
  update backfill b set skipped = b.skipped + 1,
    status = (case
      when not counted.is_last then b.status::text
      when b.failed > 0 and b.embedded = 0 then 'FAILED'
      else 'COMPLETED' end)::backfill_status,
    started_at = case when counted.is_last then coalesce(b.started_at, now()) else b.started_at end,
    finished_at = case when counted.is_last then clock_timestamp() end,
    last_error = case when not counted.is_last then b.last_error when b.failed > 0 then ${lastRefusal} end,
    next_attempt_at = case when not counted.is_last then b.next_attempt_at end,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  from (select id, embedded + skipped + failed + 1 >= total as is_last from backfill
    where id = any(${ids}::text[])) counted
  where b.id = counted.id and b.status in ('QUEUED', 'RUNNING')
  returning ${columns}`

export const startBackfill = (id: string) => sql<BackfillRecord>`
  update backfill b set status = 'RUNNING', started_at = coalesce(b.started_at, now()),
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  where b.id = ${id} and b.status = 'QUEUED'
  returning ${columns}`

/** Tells why it waits, and until when. It stays RUNNING: the work is not given up. */
export const delayBackfill = (id: string, error: string, nextAttemptAt: Date | null) => sql<BackfillRecord>`
  update backfill b set last_error = ${error}, next_attempt_at = ${nextAttemptAt}::timestamptz,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  where b.id = ${id} and b.status in ('QUEUED', 'RUNNING')
  returning ${columns}`

/** Which active backfills end early. */
export interface BackfillScope {
  id?: string
  spaceId?: string
  storeId?: string
  threadIds?: readonly string[]
}

export const cancelBackfills = ({ id, spaceId, storeId, threadIds }: BackfillScope) => sql<BackfillRecord>`
  update backfill b set status = 'CANCELED', finished_at = clock_timestamp(), next_attempt_at = null,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  where b.status in ('QUEUED', 'RUNNING')
    and ${id === undefined ? sql`true` : sql`b.id = ${id}`}
    and ${spaceId === undefined ? sql`true` : sql`b.space_id = ${spaceId}`}
    and ${storeId === undefined ? sql`true` : sql`b.store_id = ${storeId}`}
    and ${threadIds === undefined ? sql`true` : sql`b.thread_id = any(${threadIds}::text[])`}
  returning ${columns}`

/** The backfills of a thread that are at work in a store, by kind; at most one of each. */
export const selectActiveBackfills = ({
  spaceId,
  storeId,
  threadId,
}: Pick<BackfillRecord, 'spaceId' | 'storeId' | 'threadId'>) => sql<ActiveBackfill>`
  select b.id, b.kind as kind, b.status as status, b.target_sequence as "targetSequence" from backfill b
  where b.space_id = ${spaceId} and b.thread_id = ${threadId} and b.store_id = ${storeId}
    and b.status in ('QUEUED', 'RUNNING')
  order by b.created_at, b.id`

export interface ActiveBackfill {
  id: string
  kind: BackfillKind
  status: BackfillStatus
  targetSequence: number
}
