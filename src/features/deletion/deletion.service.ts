import type { DeletionMode } from '../../generated/prisma/enums.js'
import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { runOnce } from '../../platform/idempotency.js'
import { mintId, requireId } from '../../platform/ids.js'
import type { Outbox } from '../../platform/outbox.js'
import { requireThread, type ThreadAccess } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, selectBackfills } from '../backfills/backfill.sql.js'
import { SANDBOX_DELETION } from '../projects/sandbox.service.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import { type Deletion, reviveReceipt, type ServiceInfo, writeReceipt } from './deletion.receipt.js'
import {
  cancelBackfillsOf,
  deleteEmptyProject,
  deleteThreadRow,
  hideLinks,
  hideThread,
  holdSpaces,
  insertDeletionBatch,
  lockProject,
  type SpaceShare,
  selectThreadSnapshot,
  type ThreadSet,
  type ThreadSnapshot,
  uncountHidden,
  uncountLinks,
} from './deletion.sql.js'
import type { DeleteThreadPayload, ThreadDeletionPreview } from './deletion.type.js'

export interface DeletionRequest {
  threadId: string
  mode: DeletionMode
  idempotencyKey: string | null
}

/** What the two modes do differently, and tell. */
type Removal = Pick<Deletion, 'deletedAt' | 'restoreUntil' | 'projectDeleted' | 'warnings'>

/** Deletes one thread with everything that hangs on it, in one transaction: locks project, thread, spaces, links, usage. */
export class DeletionService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly outbox: Outbox,
    private readonly service: ServiceInfo,
    private readonly retentionDays: number,
  ) {}

  deleteThread(viewer: Viewer, request: DeletionRequest): Promise<DeleteThreadPayload> {
    const startedAt = performance.now()
    const { threadId, mode, idempotencyKey: key } = request
    requireId('threadId', threadId)
    return this.db.transaction((tx) =>
      runOnce(
        tx,
        { principal: viewer.userId, operation: 'deleteThread', key, arguments: { threadId, mode } },
        () => this.#delete(tx, viewer, threadId, mode, startedAt),
        reviveReceipt,
      ),
    )
  }

  /** What a permanent deletion would do, without doing it. Needs what the deletion needs. */
  async preview(viewer: Viewer, threadId: string): Promise<ThreadDeletionPreview> {
    await requireThread(this.db, viewer, 'write', threadId)
    const [snapshot] = await this.db.query<ThreadSnapshot>(selectThreadSnapshot(threadId))
    const { messageCount, agentRunCount, vectorCount, spaceCount, isLastOfProject, sandboxId } =
      snapshot as ThreadSnapshot
    const projectWillBeDeleted = isLastOfProject === true
    const sandboxWillBeDeleted = projectWillBeDeleted && sandboxId !== null
    return {
      messageCount,
      agentRunCount,
      vectorCount,
      spaceCount,
      projectWillBeDeleted,
      sandboxWillBeDeleted,
    }
  }

  async #delete(
    tx: Transaction,
    viewer: Viewer,
    threadId: string,
    mode: DeletionMode,
    startedAt: number,
  ): Promise<DeleteThreadPayload> {
    const thread = await this.#hold(tx, viewer, threadId)
    const [snapshot] = await tx.query<ThreadSnapshot>(selectThreadSnapshot(threadId))
    if (!snapshot) throw new Error(`Thread ${threadId} vanished under its lock`)
    const batchId = mintId('del')
    const removal =
      mode === 'SOFT' ? await this.#hide(tx, thread, batchId) : await this.#remove(tx, viewer, thread)
    const restoreUntil = await this.#recordBatch(tx, viewer, thread, mode, batchId)
    const auditLogId = await recordAudit(tx, viewer, {
      action: mode === 'SOFT' ? 'thread.soft-deleted' : 'thread.deleted',
      targetType: 'thread',
      targetId: threadId,
      organizationId: thread.organizationId,
      details: { batchId, messages: snapshot.messageCount, vectors: snapshot.vectorCount },
    })
    await this.usage.change(tx, thread.organizationId, {
      threads: -1,
      messages: -snapshot.messageCount,
      projects: removal.projectDeleted ? -1 : 0,
    })
    const durationMs = performance.now() - startedAt
    return writeReceipt(
      { viewer, thread, snapshot, mode, auditLogId, durationMs, ...removal, restoreUntil },
      this.service,
    )
  }

  /** The project comes before its threads in the order of locks, so it is looked up first and then both are held. */
  async #hold(tx: Transaction, viewer: Viewer, threadId: string): Promise<ThreadAccess> {
    const { projectId } = await requireThread(tx, viewer, 'write', threadId)
    if (projectId !== null) await tx.query(lockProject(projectId))
    const thread = await requireThread(tx, viewer, 'write', threadId, 'update')
    await tx.query(holdSpaces({ threadId }))
    return thread
  }

  async #hide(tx: Transaction, { id: threadId, projectId }: ThreadAccess, batchId: string): Promise<Removal> {
    const [hidden] = await tx.query<{ deletedAt: Date }>(hideThread(threadId, batchId))
    await this.hideLinks(tx, { threadId })
    const projectDeleted = projectId === null ? null : false
    return { deletedAt: hidden?.deletedAt ?? new Date(), restoreUntil: null, projectDeleted, warnings: [] }
  }

  async #remove(tx: Transaction, viewer: Viewer, thread: ThreadAccess): Promise<Removal> {
    const { id: threadId, projectId } = thread
    await tx.query(uncountLinks(threadId))
    await this.#endBackfills(tx, { threadId })
    const [deleted] = await tx.query<{ deletedAt: Date }>(deleteThreadRow(threadId))
    const deletedAt = deleted?.deletedAt ?? new Date()
    if (projectId === null) return { deletedAt, restoreUntil: null, projectDeleted: null, warnings: [] }
    const [project] = await tx.query<{ sandboxId: string | null }>(deleteEmptyProject(projectId))
    const warnings = project?.sandboxId
      ? await this.#deleteSandbox(tx, viewer, thread, project.sandboxId)
      : []
    return { deletedAt, restoreUntil: null, projectDeleted: project !== undefined, warnings }
  }

  async #deleteSandbox(
    tx: Transaction,
    { request }: Viewer,
    { projectId, organizationId }: ThreadAccess,
    sandboxId: string,
  ): Promise<string[]> {
    await this.outbox.addEffect(tx, {
      kind: SANDBOX_DELETION,
      payload: { sandboxId, projectId },
      organizationId,
      request,
    })
    return [`The deletion of sandbox ${sandboxId} is under way.`]
  }

  async #recordBatch(
    tx: Transaction,
    viewer: Viewer,
    thread: ThreadAccess,
    mode: DeletionMode,
    id: string,
  ): Promise<Date | null> {
    const [batch] = await tx.query<{ purgeAfter: Date | null }>(
      insertDeletionBatch({
        id,
        userId: viewer.userId,
        scope: 'THREAD',
        organizationId: thread.organizationId,
        threadId: thread.id,
        mode,
        count: 1,
        retentionDays: this.retentionDays,
      }),
    )
    return batch?.purgeAfter ?? null
  }

  /** Links before backfills, as a worker that is about to write takes them: else each would wait for the other. */
  async hideLinks(tx: Transaction, set: ThreadSet): Promise<void> {
    const shares = await tx.query<SpaceShare>(hideLinks(set))
    if (shares.length > 0) await tx.query(uncountHidden(shares))
    await this.#endBackfills(tx, set)
  }

  /** Who watches learns at once that the work ended. */
  async #endBackfills(tx: Transaction, set: ThreadSet): Promise<void> {
    const ids = await tx.query<{ id: string }>(cancelBackfillsOf(set))
    if (ids.length === 0) return
    const rows = await tx.query<BackfillRecord>(selectBackfills(ids.map(({ id }) => id)))
    announceBackfills(tx, this.bus, rows)
  }
}
