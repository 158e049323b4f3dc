import type { Database, Queryable, Transaction } from '../../platform/database/database.js'
import { notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { findThread, type ThreadAccess } from '../access/access.js'
import { requireAllowed } from '../access/access.policy.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announcePurge } from '../stores/purge.events.js'
import { wakeBatchOf } from './purge/deletion.batch.sql.js'

/**
 * A legal hold protects a thread from every purge. Administrators set it, also on soft-deleted threads until their purge
 * starts. A deletion that was waiting for the hold continues when it is lifted.
 */
export class LegalHoldService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  set(
    viewer: Viewer,
    threadId: string,
    legalHold: boolean,
  ): Promise<{ threadId: string; legalHold: boolean }> {
    return mutate(this.db, viewer, {
      require: (tx) => requireHoldable(tx, viewer, threadId, legalHold),
      work: (tx) => this.#set(tx, viewer, threadId, legalHold),
      // A purge that has started was not subject to the hold.
      requireReply: (tx) => requireHoldable(tx, viewer, threadId, false),
    })
  }

  async #set(tx: Transaction, viewer: Viewer, threadId: string, legalHold: boolean) {
    await findThread(tx, viewer, threadId, 'change')
    // Read again under the lock: the statement that waited does not see changes of the transaction that it waited for.
    const { organizationId } = await requireHoldable(tx, viewer, threadId, legalHold)
    await tx.prisma.thread.update({ where: { id: threadId }, data: { legalHold }, select: { id: true } })
    if (!legalHold) await tx.query(wakeBatchOf(threadId))
    await recordAudit(tx, viewer, {
      action: legalHold ? 'thread.hold-set' : 'thread.hold-lifted',
      targetType: 'thread',
      targetId: threadId,
      organizationId,
    })
    announcePurge(tx, this.bus)
    return { threadId, legalHold }
  }
}

async function requireHoldable(
  tx: Queryable,
  viewer: Viewer,
  threadId: string,
  legalHold: boolean,
): Promise<ThreadAccess> {
  const thread = await findThread(tx, viewer, threadId)
  if (thread?.role == null || (thread.isBeingPurged && legalHold)) throw notFound('Thread', { threadId })
  const { organizationId, role } = thread
  requireAllowed(viewer, 'manage', { kind: 'organization', id: organizationId, role })
  return thread
}
