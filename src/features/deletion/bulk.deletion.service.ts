import { randomBytes } from 'node:crypto'
import type { DeletionMode } from '../../generated/prisma/enums.js'
import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, invalid } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { mintId, requireOrganizationId, sha256 } from '../../platform/ids.js'
import { mutate, requireNothing } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announcePurge } from '../stores/purge.events.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import type { DeleteAllThreadsPayload, ThreadsDeletionPreview } from './bulk.deletion.type.js'
import { countOwnThreads } from './confirmation.sql.js'
import {
  countTaken,
  lockOwner,
  lockSpaces,
  type OrganizationShare,
  type OwnThreads,
  ownedWhere,
} from './deletion.sql.js'
import { DELISTING_TOPIC } from './delisting.js'
import { hideLinksOf } from './link.hiding.js'
import { createDeletionBatch } from './purge/deletion.batch.js'

const CONFIRMATION_MS = 600_000

export interface BulkDeletionRequest {
  /** undefined: all organizations */
  organizationId: string | null | undefined
  mode: DeletionMode
  confirmationToken: string | null
}

/** Deletes all of the caller's own threads in a constant number of statements: with an undo, or permanently. */
export class BulkDeletionService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly retentionDays: number,
  ) {}

  /** What a permanent deletion of all threads would delete now, and the token that confirms it within ten minutes. */
  preview(viewer: Viewer, organizationId: string | null | undefined): Promise<ThreadsDeletionPreview> {
    const own: OwnThreads = {
      ownerId: viewer.userId,
      organizationId: readScope(organizationId),
      mode: 'PERMANENT',
    }
    const confirmationToken = randomBytes(24).toString('base64url')
    return this.db.transaction(async (tx) => {
      const [counts] = await tx.query(countOwnThreads(own))
      if (!counts) throw new Error('A preview could not be made')
      const expiresAt = new Date(tx.now.getTime() + CONFIRMATION_MS)
      const { ownerId: userId, organizationId } = own
      await tx.prisma.deletionConfirmation.create({
        data: { hash: sha256(confirmationToken), userId, organizationId, expiresAt },
      })
      return { ...counts, confirmationToken, expiresAt }
    })
  }

  deleteAll(viewer: Viewer, request: BulkDeletionRequest): Promise<DeleteAllThreadsPayload> {
    const { mode, confirmationToken } = request
    const own: OwnThreads = {
      ownerId: viewer.userId,
      organizationId: readScope(request.organizationId),
      mode,
    }
    return mutate(this.db, viewer, {
      require: requireNothing,
      work: async (tx) => {
        if (mode === 'PERMANENT') await requireConfirmation(tx, own, confirmationToken)
        return this.#deleteAll(tx, viewer, own)
      },
    })
  }

  async #deleteAll(tx: Transaction, viewer: Viewer, own: OwnThreads): Promise<DeleteAllThreadsPayload> {
    const batchId = mintId('del')
    await tx.query(lockOwner(own.ownerId))
    // All of them in one statement, however many. They stay listed: no index has to change.
    const { count: deleted } = await tx.prisma.thread.updateMany({
      where: ownedWhere(own),
      data: { deletedAt: tx.now, deletionBatchId: batchId },
    })
    const shares = deleted > 0 ? await tx.query(countTaken(own.ownerId, batchId)) : []
    const restoreUntil = deleted > 0 ? await this.#hideWhatHangs(tx, viewer, own, batchId, shares) : null
    const auditLogId = await recordAudit(tx, viewer, {
      action: 'user.threads-deleted',
      targetType: 'user',
      targetId: own.ownerId,
      // Nothing of a foreign organization is deleted, so its audit trail gets no event.
      organizationId: deleted > 0 ? own.organizationId : null,
      details: { batchId, deleted, mode: own.mode },
    })
    const changes = shares.map(
      ({ organizationId, threads, messages }) =>
        [organizationId, { threads: -threads, messages: -messages }] as const,
    )
    await this.usage.changeEach(tx, new Map(changes))
    return {
      status: own.mode === 'PERMANENT' && deleted > 0 ? 'PARTIAL' : 'SUCCESS',
      deleted,
      message: `Successfully deleted ${deleted} thread(s)`,
      batchId: deleted > 0 ? batchId : null,
      restoreUntil,
      auditLogId,
    }
  }

  // Separate statements, so that they see links added until the threads were locked.
  async #hideWhatHangs(
    tx: Transaction,
    { request }: Viewer,
    { ownerId, organizationId, mode }: OwnThreads,
    id: string,
    shares: readonly OrganizationShare[],
  ): Promise<Date | null> {
    const spaces = await tx.query(lockSpaces({ ownerId }))
    if (spaces.length > 0) await hideLinksOf(tx, this.bus, { ownerId })
    if (mode === 'PERMANENT') announcePurge(tx, this.bus)
    else tx.afterCommit(() => this.bus.publish(DELISTING_TOPIC, null))
    return createDeletionBatch(tx, {
      id,
      userId: ownerId,
      scope: 'OWN_THREADS',
      organizationId,
      threadId: null,
      mode,
      count: shares.reduce((sum, { threads }) => sum + threads, 0),
      messageCount: shares.reduce((sum, { messages }) => sum + messages, 0),
      retentionDays: this.retentionDays,
      isDone: false,
      request,
    })
  }
}

/** Omitted means all; an explicit null is more likely a mistake than a wish to delete everything. */
function readScope(organizationId: string | null | undefined): string | null {
  if (organizationId === null)
    throw invalid('Invalid organizationId. Leave it out to mean all organizations.')
  return organizationId === undefined ? null : requireOrganizationId(organizationId)
}

async function requireConfirmation(tx: Transaction, own: OwnThreads, token: string | null): Promise<void> {
  if (token === null) {
    throw invalid(
      'Invalid confirmationToken. A permanent deletion needs the token from threadsDeletionPreview.',
    )
  }
  const { ownerId: userId, organizationId } = own
  // It counts once.
  const { count } = await tx.prisma.deletionConfirmation.deleteMany({
    where: { hash: sha256(token), userId, organizationId, expiresAt: { gt: tx.now } },
  })
  if (count === 0) {
    throw conflict(
      'This confirmationToken belongs to another caller or scope, was used already, or is older than ten minutes.',
      'Confirmation not valid',
      { organizationId: own.organizationId },
    )
  }
}
