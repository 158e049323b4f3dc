import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { requireId } from '../../platform/ids.js'
import { requireRestorableThread, requireThread } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { selectBackfills } from '../backfills/backfill.sql.js'
import type { LinkService } from '../links/link.service.js'
import { changeStoreCounts } from '../stores/store.counts.js'
import { selectThreads, type ThreadRecord } from '../threads/thread.sql.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  type LinkSet,
  lockBatchOfThread,
  lockDeletionBatch,
  lockOwner,
  lockSpaces,
  markRestored,
  type RestoredShare,
  reopenBackfills,
  selectDeletionBatch,
  showLinks,
  showThreads,
  type ThreadSet,
} from './deletion.sql.js'
import type { RestoreThreadsPayload } from './restoration.type.js'

interface Restored {
  /** the deletion that is undone; null if there was none */
  batchId: string | null
  shares: RestoredShare[]
}

const NOTHING_RESTORED: Restored = { batchId: null, shares: [] }

/**
 * Undoes soft deletions: one thread, or all threads of one deletion. Their vectors were kept, so search finds them at once.
 * The deletion is locked before its threads, in contrast to a purge; but a purge only works on deletions that cannot be
 * undone, and one that finds it cannot work releases its locks.
 */
export class RestorationService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly links: LinkService,
  ) {}

  /** Idempotent: a live thread is returned unchanged. */
  restoreThread(viewer: Viewer, threadId: string): Promise<ThreadRecord> {
    return mutate(this.db, viewer, {
      require: (tx) => requireRestorableThread(tx, viewer, threadId),
      work: async (tx, { organizationId, deletedAt }) => {
        const { batchId, shares } = deletedAt ? await this.#restore(tx, viewer, threadId) : NOTHING_RESTORED
        await recordAudit(tx, viewer, {
          action: 'thread.restored',
          targetType: 'thread',
          targetId: threadId,
          organizationId,
          details: { batchId },
        })
        await this.#count(tx, shares)
        const [thread] = await tx.query(selectThreads([threadId], viewer.userId))
        return thread as ThreadRecord
      },
      // It may have been deleted again.
      requireReply: (tx) => requireThread(tx, viewer, 'write', threadId),
    })
  }

  /** Restores what is still deleted of a batch; a second call finds nothing. */
  restoreThreads(viewer: Viewer, batchId: string): Promise<RestoreThreadsPayload> {
    requireId('batchId', batchId)
    return mutate(this.db, viewer, {
      require: (tx) => requireBatch(tx, viewer, batchId),
      work: async (tx) => {
        await tx.query(lockOwner(viewer.userId))
        const set = await lockBatch(tx, viewer, batchId)
        const shares = await this.#show(tx, set)
        const restored = shares.reduce((sum, { threads }) => sum + threads, 0)
        await tx.query(markRestored(set))
        await recordAudit(tx, viewer, {
          action: 'user.threads-restored',
          targetType: 'user',
          targetId: viewer.userId,
          organizationId: null,
          details: { batchId, restored },
        })
        await this.#count(tx, shares)
        return { restored, message: `Successfully restored ${restored} thread(s)` }
      },
    })
  }

  async #restore(tx: Transaction, viewer: Viewer, threadId: string): Promise<Restored> {
    const [batch] = await tx.query(lockBatchOfThread(threadId))
    const set = { threadId, batchId: batch?.id ?? '', viewerId: viewer.userId }
    const shares = batch?.isRestorable ? await this.#show(tx, set) : []
    if (batch && shares.length > 0) {
      if (batch.scope === 'THREAD') await tx.query(markRestored(set))
      return { batchId: batch.id, shares }
    }
    // A concurrent restoration won, or the retention ended while waiting for the deletion's row.
    const { deletedAt } = await requireRestorableThread(tx, viewer, threadId)
    if (deletedAt) throw tooLate({ threadId })
    return NOTHING_RESTORED
  }

  /** Threads first: their links are then those that are still hidden. */
  async #show(tx: Transaction, set: ThreadSet): Promise<RestoredShare[]> {
    const shares = await tx.query(showThreads(set))
    for (const { orphan } of shares) if (orphan) throw projectGone(orphan)
    if (shares.length > 0 && (await tx.query(lockSpaces(set))).length > 0) await this.#showLinks(tx, set)
    return shares
  }

  async #showLinks(tx: Transaction, set: LinkSet): Promise<void> {
    const reopened = await tx.query(reopenBackfills(set))
    await changeStoreCounts(tx, await tx.query(showLinks(set)), 1)
    const rows = await tx.query(selectBackfills(reopened.map(({ id }) => id)))
    announceBackfills(tx, this.bus, rows)
    this.links.announceWork(tx)
  }

  /** May exceed an organization's limit; nothing is restored then. */
  #count(tx: Transaction, shares: readonly RestoredShare[]): Promise<void> {
    const changes = shares.map(
      ({ organizationId, threads, messages }) => [organizationId, { threads, messages }] as const,
    )
    return this.usage.changeEach(tx, new Map(changes))
  }
}

async function requireBatch(tx: Transaction, { userId }: Viewer, batchId: string): Promise<void> {
  const [found] = await tx.query(selectDeletionBatch(batchId))
  if (found?.userId !== userId) throw notFound('Batch', { batchId })
}

async function lockBatch(tx: Transaction, { userId }: Viewer, batchId: string): Promise<ThreadSet> {
  const [batch] = await tx.query(lockDeletionBatch(batchId))
  if (!batch?.isRestorable) throw tooLate({ batchId })
  const set = { batchId, viewerId: userId }
  return batch.threadId === null ? { ...set, ownerId: userId } : { ...set, threadId: batch.threadId }
}

function projectGone(orphan: { threadId: string; projectId: string }) {
  return conflict(
    'The project of the thread was deleted, so the thread cannot be restored.',
    'Project gone',
    orphan,
  )
}

function tooLate(details: Record<string, unknown>) {
  return conflict('The time to restore it has expired.', 'Restore period ended', details)
}
