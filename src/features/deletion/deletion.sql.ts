import type { DeletionMode, DeletionScope } from '../../generated/prisma/enums.js'
import { type Statement, sql } from '../../platform/database.js'
import type { JsonObject } from '../threads/thread.sql.js'

/** Held until the commit: nobody puts a new thread into the project, and a second last thread waits. */
export const lockProject = (projectId: string): Statement =>
  sql`select id from project where id = ${projectId} for update`

export interface ThreadSnapshot {
  title: string | null
  metadata: JsonObject
  conversationId: string | null
  messageCount: number
  agentRunCount: number
  vectorCount: number
  spaceCount: number
  /** no other thread, live or soft-deleted, refers to its project; null without a project */
  isLastOfProject: boolean | null
  sandboxId: string | null
}

/** What hangs on a thread, counted row by row. */
export const selectThreadSnapshot = (threadId: string): Statement => sql`
  select t.title, t.metadata, t.conversation_id as "conversationId", p.sandbox_id as "sandboxId",
    (select count(*)::int from message m where m.thread_id = t.id) as "messageCount",
    (select count(*)::int from agent_run r where r.thread_id = t.id) as "agentRunCount",
    (select count(*)::int from embedding e where e.thread_id = t.id) as "vectorCount",
    (select count(*)::int from space_thread l where l.thread_id = t.id) as "spaceCount",
    case when p.id is not null then not exists (
      select 1 from thread o where o.project_id = p.id and o.id <> t.id) end as "isLastOfProject"
  from thread t left join project p on p.id = t.project_id where t.id = ${threadId}`

/** Which threads a statement is about: one, or those that one deletion took. */
export type ThreadSet = { threadId: string } | { ownerId: string; batchId: string }

function inSet(set: ThreadSet): Statement {
  return 'threadId' in set
    ? sql`t.id = ${set.threadId}`
    : sql`t.owner_id = ${set.ownerId} and t.deletion_batch_id = ${set.batchId}`
}

/** Told as a number: a hundred thousand ids need not come here to be locked. */
export const lockThreads = (set: ThreadSet): Statement => sql`
  select count(*)::int as count from (select t.id from thread t where ${inSet(set)} order by t.id for update) locked`

/** The spaces stay while links in them are changed. */
export const holdSpaces = (set: ThreadSet): Statement => sql`
  select s.id from space s
  where s.id in (select l.space_id from space_thread l join thread t on t.id = l.thread_id where ${inSet(set)})
  order by s.id for key share`

/** How many links of one space were hidden, and the vectors behind them. */
export interface SpaceShare {
  spaceId: string
  threads: number
  vectors: number
}

/** Takes soft-deleted threads out of the workers' sight. Their vectors stay for a restore. */
export const hideLinks = (set: ThreadSet): Statement => sql`
  with links as (
    update space_thread l set next_attempt_at = null, lease_id = null, lease_expires_at = null
    from thread t where t.id = l.thread_id and ${inSet(set)}
    returning l.space_id, l.vector_count)
  select space_id as "spaceId", count(*)::int as threads, sum(vector_count)::int as vectors
  from links group by space_id order by space_id`

/**
 * Takes hidden threads out of their spaces' counts. Not in the statement that hides them: that one waits for workers, and
 * the check for negative counts, which comes before the look for newer rows, would meet counts that lack their vectors.
 */
export const uncountHidden = (shares: readonly SpaceShare[]): Statement => sql`
  update space s set thread_count = s.thread_count - hidden.threads, vector_count = s.vector_count - hidden.vectors,
    last_activity_at = now()
  from unnest(${shares.map(({ spaceId }) => spaceId)}::text[], ${shares.map(({ threads }) => threads)}::int[],
    ${shares.map(({ vectors }) => vectors)}::int[]) as hidden (space_id, threads, vectors)
  where s.id = hidden.space_id returning s.id`

/** The opposite: what appeared or was left undone meanwhile is embedded. */
export const showLinks = (set: ThreadSet): Statement => sql`
  with links as (
    update space_thread l set next_attempt_at = case when l.paused_at is null then now() end
    from thread t where t.id = l.thread_id and ${inSet(set)}
    returning l.space_id, l.vector_count)
  update space s set thread_count = s.thread_count + shown.threads, vector_count = s.vector_count + shown.vectors,
    last_activity_at = now()
  from (select space_id, count(*)::int as threads, sum(vector_count)::int as vectors from links group by space_id) shown
  where s.id = shown.space_id returning s.id`

/** Links that a deletion interrupted go on under a backfill that can be watched. */
export const reopenBackfills = (set: ThreadSet): Statement => sql`
  insert into backfill (id, space_id, thread_id, generation, kind, status, target_sequence, total)
  select 'bkfl_' || replace(gen_random_uuid()::text, '-', ''), l.space_id, l.thread_id, l.generation, 'ADD', 'QUEUED',
    t.last_sequence, rest.count
  from thread t join space_thread l on l.thread_id = t.id
    cross join lateral (
      select count(*)::int as count from message m where m.thread_id = t.id and m.sequence > l.embedded_through) rest
  where ${inSet(set)} and l.paused_at is null and t.last_sequence > l.embedded_through
  returning id`

export const cancelBackfillsOf = (set: ThreadSet): Statement => sql`
  update backfill b set status = 'CANCELED', finished_at = clock_timestamp(), next_attempt_at = null,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  from thread t
  where t.id = b.thread_id and b.status in ('QUEUED', 'RUNNING') and ${inSet(set)}
  returning b.id`

/** Takes a thread out of the counts of its spaces, before its links go with it. */
export const uncountLinks = (threadId: string): Statement => sql`
  update space s set thread_count = s.thread_count - 1, vector_count = s.vector_count - l.vector_count,
    last_activity_at = now()
  from (select space_id, vector_count from space_thread where thread_id = ${threadId} order by space_id for update) l
  where s.id = l.space_id returning s.id`

/** Messages, runs, links, vectors and failures go with their thread. */
export const deleteThreadRow = (threadId: string): Statement =>
  sql`delete from thread where id = ${threadId} returning now() as "deletedAt"`

/** A soft-deleted thread still holds its project. */
export const deleteEmptyProject = (projectId: string): Statement => sql`
  delete from project p where p.id = ${projectId}
    and not exists (select 1 from thread t where t.project_id = p.id)
  returning p.sandbox_id as "sandboxId"`

export const hideThread = (threadId: string, batchId: string): Statement => sql`
  update thread set deleted_at = now(), deletion_batch_id = ${batchId}
  where id = ${threadId} returning deleted_at as "deletedAt"`

export interface OrganizationShare {
  organizationId: string
  threads: number
  messages: number
}

/** All live threads of one owner, in one statement, however many. */
export const hideThreadsOf = (
  ownerId: string,
  organizationId: string | null,
  batchId: string,
): Statement => sql`
  with hidden as (
    update thread set deleted_at = now(), deletion_batch_id = ${batchId}
    where owner_id = ${ownerId} and deleted_at is null
      and ${organizationId === null ? sql`true` : sql`organization_id = ${organizationId}`}
    returning organization_id, message_count)
  ${shares(sql`hidden`)}`

export const showThreads = (set: ThreadSet): Statement => sql`
  with shown as (
    update thread t set deleted_at = null, deletion_batch_id = null
    where ${inSet(set)} and t.deleted_at is not null
    returning t.organization_id, t.message_count)
  ${shares(sql`shown`)}`

function shares(changed: Statement): Statement {
  return sql`
    select organization_id as "organizationId", count(*)::int as threads, sum(message_count)::int as messages
    from ${changed} group by organization_id order by organization_id`
}

/** Two bulk changes of one owner's threads go one after the other. */
export const lockOwner = (ownerId: string): Statement =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`threads of ${ownerId}`}, 0))::text`

export interface NewDeletionBatch {
  id: string
  userId: string
  scope: DeletionScope
  organizationId: string | null
  threadId: string | null
  mode: DeletionMode
  count: number
  retentionDays: number
}

export const insertDeletionBatch = (row: NewDeletionBatch): Statement => sql`
  insert into deletion_batch (id, user_id, scope, organization_id, thread_id, mode, state, count, purge_after, finished_at)
  values (${row.id}, ${row.userId}, ${row.scope}::deletion_scope, ${row.organizationId}, ${row.threadId},
    ${row.mode}::deletion_mode, ${row.mode === 'SOFT' ? 'RESTORABLE' : 'PURGED'}::deletion_state, ${row.count}::int,
    ${row.mode === 'SOFT' ? sql`now() + make_interval(days => ${row.retentionDays}::int)` : sql`null`},
    ${row.mode === 'SOFT' ? sql`null` : sql`now()`})
  returning purge_after as "purgeAfter"`

export interface DeletionBatchRecord {
  id: string
  userId: string
  scope: DeletionScope
  threadId: string | null
  isRestorable: boolean
}

const batchColumns = sql`b.id, b.user_id as "userId", b.scope::text as scope, b.thread_id as "threadId",
  (b.state in ('RESTORABLE', 'RESTORED') and b.purge_after > now()) as "isRestorable"`

export const selectDeletionBatch = (id: string): Statement =>
  sql`select ${batchColumns} from deletion_batch b where b.id = ${id} and b.mode = 'SOFT'`

export const lockDeletionBatch = (id: string): Statement =>
  sql`select ${batchColumns} from deletion_batch b where b.id = ${id} for update`

export const lockBatchOfThread = (threadId: string): Statement => sql`
  select ${batchColumns}
  from thread t join deletion_batch b on b.id = t.deletion_batch_id
  where t.id = ${threadId} for update of b`

export const markRestored = (id: string): Statement => sql`
  update deletion_batch set state = 'RESTORED', finished_at = now() where id = ${id} returning id`
