import type { AgentRunGetPayload, AgentRunSelect } from '../../generated/prisma/models/AgentRun.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'
import { threadReadable } from '../access/access.sql.js'

export const agentRunColumns = {
  id: true,
  threadId: true,
  status: true,
  startedAt: true,
  finishedAt: true,
} satisfies AgentRunSelect

export type AgentRunRecord = AgentRunGetPayload<{ select: typeof agentRunColumns }>

const columns = columnsOf('r', agentRunColumns)

/** A page of each thread that the viewer may read. */
export const listRuns = (viewerId: string, threadIds: readonly string[], page: Page) => sql<AgentRunRecord>`
  select run.* from unnest(${threadIds}::text[]) as parent (id)
  join thread t on t.id = parent.id and ${threadReadable('t', viewerId)}
  cross join lateral (
    select ${columns} from agent_run r
    where r.thread_id = t.id and ${olderThan(page, sql`r.started_at`, sql`r.id`)}
    order by r.started_at desc, r.id desc ${page.limit}) run
  order by run."threadId", run."startedAt" desc, run.id desc`

/** The thread of a run, where the viewer may read it: any other run is as good as missing. */
export const selectThreadOfRun = (viewerId: string, id: string) => sql<{ id: string }>`
  select t.id from agent_run r join thread t on t.id = r.thread_id
  where r.id = ${id} and t.deleted_at is null and ${threadReadable('t', viewerId)}`
