import type { DeletionMode } from '../../generated/prisma/enums.js'
import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, HeddleError, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { mintId, requireId } from '../../platform/ids.js'
import {
  type FormerThread,
  findThread,
  requireFormerThread,
  requireThread,
  type ThreadAccess,
} from '../access/access.js'
import { can } from '../access/access.policy.js'
import type { Lock } from '../access/access.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announcePurge } from '../stores/purge.events.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import type { ThreadBackup, ThreadBackups } from './backup/thread.backup.js'
import { type Deletion, type ServiceInfo, writeReceipt } from './deletion.receipt.js'
import { selectThreadSnapshot, type ThreadSnapshot } from './deletion.sql.js'
import type { DeleteThreadPayload, ThreadDeletionPreview } from './deletion.type.js'
import { hideLinksOf } from './link.hiding.js'
import { createDeletionBatch } from './purge/deletion.batch.js'
import { isTooLong } from './purge/purge.run.js'
import type { PurgeService } from './purge/purge.service.js'
import type { PurgeableThread } from './purge/purge.sql.js'

export interface DeletionRequest {
  threadId: string
  mode: DeletionMode
  /** written before anything is deleted */
  backup: boolean
}

interface Deleted {
  receipt: DeleteThreadPayload
  thread: FormerThread
}

/** Hides with an undo, hides until a worker has purged, or purges now. */
type Way = 'hide' | 'purge-later' | 'purge-now'

type Removal = Pick<Deletion, 'projectDeleted' | 'warnings'> & { projects: number }

/** Deletes one thread and everything that belongs to it. Locks project, thread, spaces, links and usage, in that order. */
export class DeletionService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly purges: PurgeService,
    private readonly backups: ThreadBackups,
    private readonly service: ServiceInfo,
    private readonly retentionDays: number,
  ) {}

  deleteThread(viewer: Viewer, request: DeletionRequest): Promise<DeleteThreadPayload> {
    const startedAt = performance.now()
    requireId('threadId', request.threadId)
    const deletion = async (backup: ThreadBackup | null) => {
      const { receipt } = await mutate(this.db, viewer, {
        require: (tx) => this.#require(tx, viewer, request.threadId, 'none'),
        work: (tx) => this.#delete(tx, viewer, request, backup, startedAt),
        requireReply: (tx, { thread }) => requireFormerThread(tx, viewer, thread),
      })
      return receipt
    }
    return request.backup ? this.backups.before(viewer, request.threadId, deletion) : deletion(null)
  }

  /** What a permanent deletion would delete. Requires what the deletion requires. */
  async preview(viewer: Viewer, threadId: string): Promise<ThreadDeletionPreview> {
    await requireThread(this.db, viewer, 'write', threadId)
    const [snapshot] = await this.db.query(selectThreadSnapshot(threadId))
    if (!snapshot) throw notFound('Thread', { threadId })
    const { messageCount, agentRunCount, vectorCount, spaceCount, isLastOfProject, sandboxId } = snapshot
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
    { threadId, mode, backup: isBackedUp }: DeletionRequest,
    backup: ThreadBackup | null,
    startedAt: number,
  ): Promise<Deleted> {
    const { thread, held } = await this.#hold(tx, viewer, threadId)
    const [snapshot] = await tx.query(selectThreadSnapshot(threadId))
    if (!snapshot) throw new Error(`Thread ${threadId} vanished under its lock`)
    const way = wayOf(mode, snapshot)
    if (way !== 'hide' && !held) throw onLegalHold(threadId)
    if (isBackedUp) await this.backups.requireCurrent(tx, threadId, snapshot, backup)
    const backupLocation = backup?.location ?? null
    const batchId = mintId('del')
    const removal =
      way === 'purge-now' && held
        ? await this.#purge(tx, viewer, held)
        : await this.#hide(tx, thread, batchId, way === 'purge-later')
    const restoreUntil = await this.#recordBatch(tx, viewer, thread, snapshot, way, batchId)
    const auditLogId = await recordAudit(tx, viewer, {
      action: mode === 'SOFT' ? 'thread.soft-deleted' : 'thread.deleted',
      targetType: 'thread',
      targetId: threadId,
      organizationId: thread.organizationId,
      details: {
        batchId,
        messages: snapshot.messageCount,
        vectors: snapshot.vectorCount,
        ...(backup && { backupLocation }),
      },
    })
    const { projects, ...told } = removal
    await this.usage.change(tx, thread.organizationId, {
      threads: -1,
      messages: -snapshot.messageCount,
      projects: -projects,
    })
    const durationMs = performance.now() - startedAt
    const deletedAt = tx.now
    const isUnderWay = told.warnings.length > 0
    const facts = { viewer, thread, snapshot, mode, auditLogId, restoreUntil, backupLocation }
    const { id, ownerId, organizationId } = thread
    return {
      receipt: writeReceipt({ ...facts, ...told, deletedAt, durationMs, isUnderWay }, this.service),
      thread: { id, ownerId, organizationId },
    }
  }

  /** The project's lock comes before those of its threads, so access is checked again only when both are locked. */
  async #hold(
    tx: Transaction,
    viewer: Viewer,
    threadId: string,
  ): Promise<{ thread: ThreadAccess; held: PurgeableThread | null }> {
    const [held] = await this.purges.lock(tx, [threadId])
    // A thread under a legal hold is not held for a purge, but it may be hidden.
    const thread = await this.#require(tx, viewer, threadId, 'update')
    return { thread, held: held ?? null }
  }

  /** A deletion that is still running is reported to those who could have requested it. */
  async #require(tx: Transaction, viewer: Viewer, threadId: string, lock: Lock): Promise<ThreadAccess> {
    try {
      return await requireThread(tx, viewer, 'write', threadId, lock)
    } catch (error) {
      if (!(error instanceof HeddleError) || error.code !== 'RESOURCE_NOT_FOUND') throw error
      const thread = await findThread(tx, viewer, threadId)
      if (!thread?.isBeingPurged || !can(viewer, 'write', thread)) throw error
      throw conflict('The thread is being deleted.', 'Deletion under way', { threadId })
    }
  }

  async #hide(
    tx: Transaction,
    { id: threadId, projectId }: ThreadAccess,
    batchId: string,
    isPurgedLater: boolean,
  ): Promise<Removal> {
    // One row more in the indexes costs nothing, so that lists need not pass over it.
    await tx.prisma.thread.update({
      where: { id: threadId },
      data: { deletedAt: tx.now, deletionBatchId: batchId, listed: false },
      select: { id: true },
    })
    await hideLinksOf(tx, this.bus, { threadId })
    if (isPurgedLater) announcePurge(tx, this.bus)
    return {
      projectDeleted: projectId === null ? null : false,
      projects: 0,
      warnings: isPurgedLater
        ? ['The messages of the thread are being deleted: watch deletionProgress.']
        : [],
    }
  }

  async #purge(tx: Transaction, viewer: Viewer, held: PurgeableThread): Promise<Removal> {
    const projects = await this.purges.purge(tx, [held], viewer.request)
    return {
      projectDeleted: held.projectId === null ? null : projects.length > 0,
      projects: projects.length,
      warnings: projects.flatMap(({ sandboxId }) =>
        sandboxId === null ? [] : [`The deletion of sandbox ${sandboxId} is under way.`],
      ),
    }
  }

  #recordBatch(
    tx: Transaction,
    viewer: Viewer,
    thread: ThreadAccess,
    snapshot: ThreadSnapshot,
    way: Way,
    id: string,
  ): Promise<Date | null> {
    return createDeletionBatch(tx, {
      id,
      userId: viewer.userId,
      scope: 'THREAD',
      organizationId: thread.organizationId,
      threadId: thread.id,
      mode: way === 'hide' ? 'SOFT' : 'PERMANENT',
      count: 1,
      messageCount: snapshot.messageCount,
      retentionDays: this.retentionDays,
      isDone: way === 'purge-now',
      request: viewer.request,
    })
  }
}

function wayOf(mode: DeletionMode, snapshot: ThreadSnapshot): Way {
  if (mode === 'SOFT') return 'hide'
  const vectorCount = snapshot.vectorCount + snapshot.leavingVectorCount
  return isTooLong({ ...snapshot, vectorCount }) ? 'purge-later' : 'purge-now'
}

function onLegalHold(threadId: string): HeddleError {
  return conflict(
    'The thread is under a legal hold: it can be soft-deleted, but not permanently deleted.',
    'Legal hold',
    {
      threadId,
    },
  )
}
