import type { AgentRunGetPayload, AgentRunSelect } from '../../../generated/prisma/models/AgentRun.js'
import type { MessageGetPayload, MessageSelect } from '../../../generated/prisma/models/Message.js'
import { columnsOf } from '../../../platform/database/columns.js'
import { sql } from '../../../platform/database/database.js'

/**
 * Changes with every change to what a backup contains. Agent runs are only ever added, and end once, so their counts are
 * sufficient.
 */
const version = sql`encode(sha256(convert_to(row(
    t.owner_id, t.organization_id, t.project_id, t.conversation_id, t.title, t.metadata, t.message_count, t.last_sequence,
    t.message_changes,
    (select count(*) from agent_run r where r.thread_id = t.id),
    (select count(r.finished_at) from agent_run r where r.thread_id = t.id))::text, 'UTF8')), 'hex')`

export const selectVersion = (threadId: string) =>
  sql<{ version: string }>`select ${version} as version from thread t where t.id = ${threadId}`

/** The first line of a backup. */
export interface BackupHeader {
  id: string
  title: string | null
  metadata: unknown
  ownerId: string
  organizationId: string
  organizationName: string
  projectId: string | null
  projectName: string | null
  conversationId: string | null
  createdAt: Date
  messageCount: number
  agentRunCount: number
}

/** The thread and its version in one snapshot: any later change shows as a later version. */
export const selectHeader = (threadId: string) => sql<BackupHeader & { version: string }>`
  select ${version} as version, t.id, t.title, t.metadata, t.owner_id as "ownerId",
    t.organization_id as "organizationId", o.name as "organizationName", t.project_id as "projectId",
    p.name as "projectName", t.conversation_id as "conversationId", t.created_at as "createdAt",
    t.message_count as "messageCount",
    (select count(*)::int from agent_run r where r.thread_id = t.id) as "agentRunCount"
  from thread t join organization o on o.id = t.organization_id left join project p on p.id = t.project_id
  where t.id = ${threadId} and t.deleted_at is null`

const message = {
  id: true,
  role: true,
  content: true,
  createdAt: true,
  sequence: true,
} satisfies MessageSelect

export type BackupMessage = MessageGetPayload<{ select: typeof message }>

const PAGE_ROWS = 1_000
// A message may be a megabyte, so a number of rows alone does not limit a page.
const PAGE_BYTES = 4 * 1024 * 1024

export const selectMessagePage = (threadId: string, afterSequence: number) => sql<BackupMessage>`
  select ${columnsOf('page', message)} from (
    select m.*, coalesce(sum(octet_length(m.content)) over (
      order by m.sequence rows between unbounded preceding and 1 preceding), 0) as bytes_before
    from (
      select * from message where thread_id = ${threadId} and sequence > ${afterSequence}::int
      order by sequence limit ${PAGE_ROWS}::int) m) page
  where bytes_before < ${PAGE_BYTES}::int
  order by sequence`

const run = { id: true, status: true, startedAt: true, finishedAt: true } satisfies AgentRunSelect

export type BackupRun = AgentRunGetPayload<{ select: typeof run }>

export const selectRunPage = (threadId: string, after: BackupRun | undefined) => sql<BackupRun>`
  select ${columnsOf('r', run)} from agent_run r
  where thread_id = ${threadId} and ${
    after ? sql`(started_at, id) > (${after.startedAt}::timestamptz, ${after.id})` : sql`true`
  }
  order by started_at, id limit ${PAGE_ROWS}::int`
