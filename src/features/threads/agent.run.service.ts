import type { AgentRunStatus } from '../../generated/prisma/enums.js'
import { type Database, type Queryable, type Statement, sql } from '../../platform/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { mintId, requireId } from '../../platform/ids.js'
import { PagesDefinition } from '../../platform/loader.js'
import { olderThan, type Page } from '../../platform/page.js'
import { requireThread, type ThreadAccess } from '../access/access.js'
import { type Lock, threadReadable } from '../access/access.sql.js'
import { mutate, mutateModels } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'

export interface AgentRunRecord {
  id: string
  threadId: string
  status: AgentRunStatus
  startedAt: Date
  finishedAt: Date | null
}

const columns = sql`id, thread_id as "threadId", status::text as status, started_at as "startedAt", finished_at as "finishedAt"`

/** A page of each thread that the viewer may read. */
export const listRuns = (viewerId: string, threadIds: readonly string[], page: Page): Statement => sql`
  select run.* from unnest(${threadIds}::text[]) as parent (id)
  join thread t on t.id = parent.id and ${threadReadable('t', viewerId)}
  cross join lateral (
    select ${columns} from agent_run
    where thread_id = t.id and ${olderThan(page, sql`started_at`, sql`id`)}
    order by started_at desc, id desc ${page.limit}) run
  order by run."threadId", run."startedAt" desc, run.id desc`

/** The thread of a run, where the viewer may read it: any other run is as good as missing. */
const selectThreadOfRun = (viewerId: string, id: string): Statement => sql`
  select t.id from agent_run r join thread t on t.id = r.thread_id
  where r.id = ${id} and t.deleted_at is null and ${threadReadable('t', viewerId)}`

const finishRun = (id: string, status: AgentRunStatus): Statement => sql`
  update agent_run set status = ${status}::agent_run_status, finished_at = now()
  where id = ${id} and status = 'RUNNING' returning ${columns}`

// A deletion that is acknowledged has hidden the thread: a share of its row would not have waited for that.
const LOCK: Lock = 'change'

/** Agent runs of a thread. A run whose thread is deleted is gone with it, and finds nothing to write to. */
export class AgentRunService {
  readonly pages: PagesDefinition<AgentRunRecord>

  constructor(private readonly db: Database) {
    this.pages = new PagesDefinition(
      ({ threadId }) => threadId,
      (threadIds, page, { viewerId }) => db.query(listRuns(viewerId, threadIds, page)),
    )
  }

  start(viewer: Viewer, threadId: string): Promise<AgentRunRecord> {
    return mutateModels(this.db, viewer, {
      require: (tx) => requireThread(tx, viewer, 'write', threadId),
      work: async (tx) => {
        const thread = await requireThread(tx, viewer, 'write', threadId, LOCK)
        const run = await tx.prisma.agentRun.create({
          data: { id: mintId('run'), threadId, status: 'RUNNING' },
        })
        await recordAudit(tx, viewer, {
          action: 'agent-run.started',
          targetType: 'thread',
          targetId: threadId,
          organizationId: thread.organizationId,
          details: { agentRunId: run.id },
        })
        return run
      },
    })
  }

  finish(viewer: Viewer, agentRunId: string, status: AgentRunStatus): Promise<AgentRunRecord> {
    requireId('agentRunId', agentRunId)
    return mutate(this.db, viewer, {
      require: (tx) => requireThreadOfRun(tx, viewer, agentRunId),
      work: async (tx, { id: threadId }) => {
        if (status === 'RUNNING')
          throw invalid('Invalid status. A run ends COMPLETED, FAILED or CANCELED.', { status })
        const thread = await requireThread(tx, viewer, 'write', threadId, LOCK)
        const [run] = await tx.query<AgentRunRecord>(finishRun(agentRunId, status))
        if (!run) throw conflict('The agent run has ended already.', 'Agent run not running', { agentRunId })
        await recordAudit(tx, viewer, {
          action: 'agent-run.finished',
          targetType: 'thread',
          targetId: threadId,
          organizationId: thread.organizationId,
          details: { agentRunId, status },
        })
        return run
      },
    })
  }
}

async function requireThreadOfRun(tx: Queryable, viewer: Viewer, agentRunId: string): Promise<ThreadAccess> {
  const [thread] = await tx.query<{ id: string }>(selectThreadOfRun(viewer.userId, agentRunId))
  if (!thread) throw notFound('Agent run', { agentRunId })
  return requireThread(tx, viewer, 'write', thread.id)
}
