import type { AgentRunStatus } from '../../generated/prisma/enums.js'
import { sql } from '../../platform/database.js'
import { olderThan, type Page } from '../../platform/page.js'
import { threadReadable } from '../access/access.sql.js'

export interface AgentRunRecord {
  id: string
  threadId: string
  status: AgentRunStatus
  startedAt: Date
  finishedAt: Date | null
}

const columns = sql`id, thread_id as "threadId", status::text as status, started_at as "startedAt", finished_at as "finishedAt"`

/** A page of each thread that the viewer may read. */
export const listRuns = (viewerId: string, threadIds: readonly string[], page: Page) => sql<AgentRunRecord>`
  select run.* from unnest(${threadIds}::text[]) as parent (id)
  join thread t on t.id = parent.id and ${threadReadable('t', viewerId)}
  cross join lateral (
    select ${columns} from agent_run
    where thread_id = t.id and ${olderThan(page, sql`started_at`, sql`id`)}
    order by started_at desc, id desc ${page.limit}) run
  order by run."threadId", run."startedAt" desc, run.id desc`

/** The thread of a run, where the viewer may read it: any other run is as good as missing. */
export const selectThreadOfRun = (viewerId: string, id: string) => sql<{ id: string }>`
  select t.id from agent_run r join thread t on t.id = r.thread_id
  where r.id = ${id} and t.deleted_at is null and ${threadReadable('t', viewerId)}`

export const finishRun = (id: string, status: AgentRunStatus) => sql<AgentRunRecord>`
  update agent_run set status = ${status}::agent_run_status, finished_at = now()
  where id = ${id} and status = 'RUNNING' returning ${columns}`
