import type { Database, Transaction } from '../../platform/database.js'
import { invalid } from '../../platform/errors.js'
import { runOnce } from '../../platform/idempotency.js'
import { mintId, requireOrganizationId } from '../../platform/ids.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import type { DeletionService } from './deletion.service.js'
import {
  hideThreadsOf,
  holdSpaces,
  insertDeletionBatch,
  lockOwner,
  type OrganizationShare,
} from './deletion.sql.js'
import type { DeleteAllThreadsPayload } from './deletion.type.js'

/** Soft-deletes the caller's own threads in a few statements, however many they are; one batch undoes it. */
export class BulkDeletionService {
  constructor(
    private readonly db: Database,
    private readonly usage: UsageMeter,
    private readonly deletion: DeletionService,
    private readonly retentionDays: number,
  ) {}

  /** `organizationId` left out means all; an explicit null is more likely a mistake than a wish to delete everything. */
  deleteAll(
    viewer: Viewer,
    organizationId: string | null | undefined,
    key: string | null,
  ): Promise<DeleteAllThreadsPayload> {
    if (organizationId === null)
      throw invalid('Invalid organizationId. Leave it out to mean all organizations.')
    const scope = organizationId === undefined ? null : requireOrganizationId(organizationId)
    return this.db.transaction((tx) =>
      runOnce(
        tx,
        {
          principal: viewer.userId,
          operation: 'deleteAllThreads',
          key,
          arguments: { organizationId: scope },
        },
        () => this.#deleteAll(tx, viewer, scope),
        revive,
      ),
    )
  }

  async #deleteAll(
    tx: Transaction,
    viewer: Viewer,
    organizationId: string | null,
  ): Promise<DeleteAllThreadsPayload> {
    const batchId = mintId('del')
    const { userId: ownerId } = viewer
    await tx.query(lockOwner(ownerId))
    const shares = await tx.query<OrganizationShare>(hideThreadsOf(ownerId, organizationId, batchId))
    const deleted = shares.reduce((sum, { threads }) => sum + threads, 0)
    const restoreUntil =
      deleted > 0 ? await this.#hideWhatHangs(tx, viewer, organizationId, batchId, deleted) : null
    const auditLogId = await recordAudit(tx, viewer, {
      action: 'user.threads-deleted',
      targetType: 'user',
      targetId: ownerId,
      organizationId,
      details: { batchId, deleted },
    })
    for (const { organizationId: id, threads, messages } of shares) {
      await this.usage.change(tx, id, { threads: -threads, messages: -messages })
    }
    const message = `Successfully deleted ${deleted} thread(s)`
    return { deleted, message, batchId: deleted > 0 ? batchId : null, restoreUntil, auditLogId }
  }

  // Statements of their own: a link that was added until the threads were locked is seen by these.
  async #hideWhatHangs(
    tx: Transaction,
    { userId }: Viewer,
    organizationId: string | null,
    batchId: string,
    count: number,
  ): Promise<Date | null> {
    const set = { ownerId: userId, batchId }
    await tx.query(holdSpaces(set))
    await this.deletion.hideLinks(tx, set)
    const [batch] = await tx.query<{ purgeAfter: Date | null }>(
      insertDeletionBatch({
        id: batchId,
        userId,
        scope: 'OWN_THREADS',
        organizationId,
        threadId: null,
        mode: 'SOFT',
        count,
        retentionDays: this.retentionDays,
      }),
    )
    return batch?.purgeAfter ?? null
  }
}

function revive(stored: DeleteAllThreadsPayload): DeleteAllThreadsPayload {
  return { ...stored, restoreUntil: stored.restoreUntil && new Date(stored.restoreUntil) }
}
