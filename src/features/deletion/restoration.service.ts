import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { conflict, notFound } from '../../platform/errors.js'
import { requireId } from '../../platform/ids.js'
import { requireDeletedThread } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, selectBackfills } from '../backfills/backfill.sql.js'
import type { LinkService } from '../spaces/link.service.js'
import { selectThreads, type ThreadRecord } from '../threads/thread.sql.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  holdSpaces,
  lockBatchOfThread,
  lockDeletionBatch,
  lockOwner,
  lockThreads,
  markRestored,
  type OrganizationShare,
  type RestorableBatch,
  reopenBackfills,
  selectDeletionBatch,
  selectOrphan,
  showLinks,
  showThreads,
  type ThreadSet,
} from './deletion.sql.js'
import type { RestoreThreadsPayload } from './restoration.type.js'

/** Undoes soft deletions: one thread, or all that one deletion took. Their vectors never left, so search finds them at once. */
export class RestorationService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly links: LinkService,
  ) {}

  restoreThread(viewer: Viewer, threadId: string): Promise<ThreadRecord> {
    return mutate(this.db, viewer, async (tx) => {
      const { organizationId } = await requireDeletedThread(tx, viewer, threadId)
      const [batch] = await tx.query<RestorableBatch>(lockBatchOfThread(threadId))
      if (!batch?.isRestorable) throw tooLate({ threadId })
      const shares = await this.#show(tx, { threadId })
      if (batch.scope === 'THREAD') await tx.query(markRestored(batch.id))
      await recordAudit(tx, viewer, {
        action: 'thread.restored',
        targetType: 'thread',
        targetId: threadId,
        organizationId,
        details: { batchId: batch.id },
      })
      await this.#count(tx, shares)
      const [thread] = await tx.query<ThreadRecord>(selectThreads([threadId], viewer.userId))
      return thread as ThreadRecord
    })
  }

  /** Brings back what is still deleted of a batch; a second call finds nothing to bring back. */
  restoreThreads(viewer: Viewer, batchId: string): Promise<RestoreThreadsPayload> {
    return mutate(this.db, viewer, async (tx) => {
      requireId('batchId', batchId)
      await tx.query(lockOwner(viewer.userId))
      const set = await this.#holdBatch(tx, viewer, batchId)
      const shares = await this.#show(tx, set)
      const restored = shares.reduce((sum, { threads }) => sum + threads, 0)
      await tx.query(markRestored(batchId))
      await recordAudit(tx, viewer, {
        action: 'user.threads-restored',
        targetType: 'user',
        targetId: viewer.userId,
        organizationId: null,
        details: { batchId, restored },
      })
      await this.#count(tx, shares)
      return { restored, message: `Successfully restored ${restored} thread(s)` }
    })
  }

  /** Its threads first, then the batch, like the restoration of one thread. */
  async #holdBatch(tx: Transaction, { userId }: Viewer, batchId: string): Promise<ThreadSet> {
    const [found] = await tx.query<RestorableBatch>(selectDeletionBatch(batchId))
    if (found?.userId !== userId) throw notFound('Batch', { batchId })
    const set = found.threadId === null ? { ownerId: userId, batchId } : { threadId: found.threadId }
    await tx.query(lockThreads(set))
    const [batch] = await tx.query<RestorableBatch>(lockDeletionBatch(batchId))
    if (!batch?.isRestorable) throw tooLate({ batchId })
    return set
  }

  async #show(tx: Transaction, set: ThreadSet): Promise<OrganizationShare[]> {
    await requireProjects(tx, set)
    await tx.query(holdSpaces(set))
    const reopened = await tx.query<{ id: string }>(reopenBackfills(set))
    await tx.query(showLinks(set))
    const rows = await tx.query<BackfillRecord>(selectBackfills(reopened.map(({ id }) => id)))
    announceBackfills(tx, this.bus, rows)
    this.links.announceWork(tx)
    return tx.query(showThreads(set))
  }

  /** May meet the organization's limit, and then nothing is restored. */
  async #count(tx: Transaction, shares: OrganizationShare[]): Promise<void> {
    for (const { organizationId, threads, messages } of shares) {
      await this.usage.change(tx, organizationId, { threads, messages })
    }
  }
}

async function requireProjects(tx: Transaction, set: ThreadSet): Promise<void> {
  const [orphan] = await tx.query<{ id: string; projectId: string }>(selectOrphan(set))
  if (!orphan) return
  throw conflict('The project of the thread is gone, so it cannot come back.', 'Project gone', {
    threadId: orphan.id,
    projectId: orphan.projectId,
  })
}

function tooLate(details: Record<string, unknown>) {
  return conflict('The time to restore it is over.', 'Restore period ended', details)
}
