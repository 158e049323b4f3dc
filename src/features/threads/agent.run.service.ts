import type { AgentRunStatus } from '../../generated/prisma/enums.js'
import type { Database, Queryable } from '../../platform/database/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { PagesDefinition } from '../../platform/graphql/loader.js'
import { mintId, requireId } from '../../platform/ids.js'
import { requireThread, type ThreadAccess } from '../access/access.js'
import type { Lock } from '../access/access.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { type AgentRunRecord, agentRunColumns, listRuns, selectThreadOfRun } from './agent.run.sql.js'

// An acknowledged deletion has hidden the thread already; a share lock on its row would not have seen that.
const LOCK: Lock = 'change'

/** Agent runs of a thread. They are deleted with their thread, so a run cannot write to a deleted thread. */
export class AgentRunService {
  readonly pages: PagesDefinition<AgentRunRecord>

  constructor(private readonly db: Database) {
    this.pages = new PagesDefinition(
      ({ threadId }) => threadId,
      (threadIds, page, { viewerId }) => db.query(listRuns(viewerId, threadIds, page)),
    )
  }

  start(viewer: Viewer, threadId: string): Promise<AgentRunRecord> {
    return mutate(this.db, viewer, {
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
          throw invalid('Invalid status. It must be COMPLETED, FAILED or CANCELED.', { status })
        const thread = await requireThread(tx, viewer, 'write', threadId, LOCK)
        const [run] = await tx.prisma.agentRun.updateManyAndReturn({
          where: { id: agentRunId, status: 'RUNNING' },
          data: { status, finishedAt: tx.now },
          select: agentRunColumns,
        })
        if (!run) throw conflict('The agent run has already ended.', 'Agent run not running', { agentRunId })
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
  const [thread] = await tx.query(selectThreadOfRun(viewer.userId, agentRunId))
  if (!thread) throw notFound('Agent run', { agentRunId })
  return requireThread(tx, viewer, 'write', thread.id)
}
