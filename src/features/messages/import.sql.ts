import type { AgentRunStatus } from '../../generated/prisma/enums.js'
import type { ThreadGetPayload, ThreadSelect } from '../../generated/prisma/models/Thread.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'
import { hasAccepted } from '../access/access.sql.js'
import type { NewThreadRow } from '../threads/thread.sql.js'

/** Share-locked until the transaction ends. */
export const lockProjects = (organizationId: string, ids: readonly string[]) => sql<{ id: string }>`
  select id from project where organization_id = ${organizationId} and id = any(${ids}::text[])
  order by id for key share`

/** Users who were only invited cannot own imported threads. */
export const selectMembers = (organizationId: string, userIds: readonly string[]) => sql<{ id: string }>`
  select m.user_id as id from member m
  where m.organization_id = ${organizationId} and m.user_id = any(${userIds}::text[]) and ${hasAccepted('m')}`

/** In the order of ids, like all locks on threads. Returns the ids that were new. */
export const insertImportedThreads = (rows: readonly NewThreadRow[]) => sql<{ id: string }>`
  insert into thread (id, owner_id, organization_id, project_id, conversation_id, title, metadata, created_at)
  select id, owner_id, organization_id, project_id, id, title, metadata::jsonb, coalesce(created_at, now())
  from unnest(
    ${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.ownerId)}::text[],
    ${rows.map((row) => row.organizationId)}::text[], ${rows.map((row) => row.projectId)}::text[],
    ${rows.map((row) => row.title)}::text[],
    ${rows.map((row) => JSON.stringify(row.metadata))}::text[],
    ${rows.map((row) => row.createdAt?.toISOString() ?? null)}::timestamptz[]
  ) as added (id, owner_id, organization_id, project_id, title, metadata, created_at)
  order by id
  on conflict (id) do nothing
  returning id`

const target = {
  id: true,
  ownerId: true,
  projectId: true,
  deletedAt: true,
  lastSequence: true,
} satisfies ThreadSelect

export type ImportTarget = ThreadGetPayload<{ select: typeof target }>

/** Only threads of the organization: a thread of another one with the same id must not be locked. */
export const lockImportTargets = (organizationId: string, ids: readonly string[]) => sql<ImportTarget>`
  select ${columnsOf('t', target)} from thread t
  where t.organization_id = ${organizationId} and t.id = any(${ids}::text[])
  order by t.id for no key update`

export const selectMessageOwners = (ids: readonly string[]) => sql<{ id: string; threadId: string }>`
  select id, thread_id as "threadId" from message where id = any(${ids}::text[])`

export interface ImportedRun {
  id: string
  threadId: string
  status: AgentRunStatus
  startedAt: Date
  finishedAt: Date | null
}

/** Returns the threads of the runs that were new. */
export const insertRuns = (runs: readonly ImportedRun[]) => sql<{ threadId: string }>`
  insert into agent_run (id, thread_id, status, started_at, finished_at)
  select id, thread_id, status::agent_run_status, started_at, finished_at
  from unnest(
    ${runs.map((run) => run.id)}::text[], ${runs.map((run) => run.threadId)}::text[],
    ${runs.map((run) => run.status)}::text[], ${runs.map((run) => run.startedAt.toISOString())}::timestamptz[],
    ${runs.map((run) => run.finishedAt?.toISOString() ?? null)}::timestamptz[]
  ) as added (id, thread_id, status, started_at, finished_at)
  on conflict (id) do nothing
  returning thread_id as "threadId"`
