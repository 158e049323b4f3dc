import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { mintId } from '../../platform/ids.js'
import { requireSpace, type SpaceAccess } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceBackfills, isTerminal } from '../backfills/backfill.events.js'
import type { BackfillService } from '../backfills/backfill.service.js'
import {
  type BackfillRecord,
  cancelBackfills,
  insertBackfill,
  selectBackfills,
} from '../backfills/backfill.sql.js'
import { lockStoreThreads, type StoreThreadRecord } from '../stores/store.sql.js'
import type { LinkService } from './link.service.js'
import { lockLinkedThread, pauseThread, resumeThread } from './link.sql.js'
import { addRefusedMessages, releasePending } from './pending.sql.js'

interface Locked {
  space: SpaceAccess
  /** null: the thread is no longer in the space, or is deleted */
  link: StoreThreadRecord | null
  backfill: BackfillRecord
}

/** Ending a backfill early, and taking up what one left undone. */
export class BackfillControl {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly backfills: BackfillService,
    private readonly links: LinkService,
  ) {}

  /**
   * Pauses the link: its vectors stay, and nothing more is embedded until it is retried. What a canceled retry had not
   * taken yet stays refused. Canceling twice is once.
   */
  cancel(viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    return mutate(this.db, viewer, {
      require: (tx) => this.#require(tx, viewer, backfillId),
      work: async (tx, found) => {
        const { space, backfill } = await this.#lock(tx, viewer, found)
        if (isTerminal(backfill) && backfill.status !== 'CANCELED') {
          throw conflict('The backfill has ended already.', 'Backfill ended', { backfillId })
        }
        const ended = isTerminal(backfill) ? [] : await this.#end(tx, backfill)
        announceBackfills(tx, this.bus, ended)
        await this.#record(tx, viewer, 'backfill.canceled', space, backfill)
        return ended.find(({ id }) => id === backfillId) ?? backfill
      },
    })
  }

  /**
   * After a cancellation: goes on with what is left. After refusals: takes only the messages that were refused. While
   * it waits out an outage: tries again now.
   */
  retry(viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    return mutate(this.db, viewer, {
      require: (tx) => this.#require(tx, viewer, backfillId),
      work: async (tx, found) => {
        const { space, link, backfill } = await this.#lock(tx, viewer, found)
        if (!link)
          throw conflict('The thread is no longer in the space.', 'Thread not in space', { backfillId })
        this.links.requireEmbedder(space)
        const retried = await this.#take(tx, link, backfill)
        this.links.announceWork(tx)
        await this.#record(tx, viewer, 'backfill.retried', space, retried)
        return retried
      },
    })
  }

  /** A paused link would leave a retry of it waiting: that ends with it. */
  async #end(
    tx: Transaction,
    { id, kind, storeId, threadId }: BackfillRecord,
  ): Promise<readonly BackfillRecord[]> {
    if (kind !== 'RETRY') await tx.query(pauseThread({ storeId, threadId }))
    const scope = kind === 'RETRY' ? { id } : { storeId, threadIds: [threadId] }
    const ended = await tx.query(cancelBackfills(scope))
    await tx.query(releasePending(ended.map((backfill) => backfill.id)))
    return ended
  }

  async #take(tx: Transaction, link: StoreThreadRecord, backfill: BackfillRecord): Promise<BackfillRecord> {
    if (!isTerminal(backfill)) return this.#retryNow(tx, link, backfill)
    if (link.pausedAt) return this.links.resume(tx, link)
    return this.#retryFailures(tx, link, backfill)
  }

  async #retryNow(
    tx: Transaction,
    link: StoreThreadRecord,
    backfill: BackfillRecord,
  ): Promise<BackfillRecord> {
    if (!backfill.nextAttemptAt) {
      throw conflict('The backfill is still at work.', 'Backfill running', { backfillId: backfill.id })
    }
    await tx.query(resumeThread(link))
    return backfill
  }

  async #retryFailures(
    tx: Transaction,
    link: StoreThreadRecord,
    { id: backfillId }: BackfillRecord,
  ): Promise<BackfillRecord> {
    const { spaceId, storeId, threadId, generation } = link
    const id = mintId('bkfl')
    const refused = await tx.query(addRefusedMessages(storeId, threadId, id))
    if (refused.length === 0) {
      throw conflict('Nothing of this backfill is left to retry.', 'Nothing to retry', { backfillId })
    }
    const row = {
      id,
      spaceId,
      storeId,
      threadId,
      generation,
      kind: 'RETRY' as const,
      targetSequence: 0,
      total: refused.length,
    }
    const [retried] = await tx.query(insertBackfill(row))
    if (!retried) throw new Error('A backfill could not be made')
    await tx.query(resumeThread(link))
    announceBackfills(tx, this.bus, [retried])
    return retried
  }

  async #require(tx: Transaction, viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    const backfill = await this.backfills.getIn(tx, viewer, backfillId)
    await requireSpace(tx, viewer, 'edit', backfill.spaceId)
    return backfill
  }

  /** Locks the space and the thread in its store, and reads the backfill again under their locks. */
  async #lock(tx: Transaction, viewer: Viewer, { id, spaceId, threadId }: BackfillRecord): Promise<Locked> {
    // First, like on every path that goes on to a link: the thread cannot go, and grows for nobody meanwhile.
    const [thread] = await tx.query(lockLinkedThread(spaceId, threadId))
    const space = await requireSpace(tx, viewer, 'edit', spaceId, 'share')
    const members = thread ? await tx.query(lockStoreThreads(spaceId, threadId)) : []
    const [backfill] = await tx.query(selectBackfills([id]))
    if (!backfill) throw notFound('Backfill', { backfillId: id })
    return { space, link: members.find(({ isActive }) => isActive) ?? null, backfill }
  }

  #record(
    tx: Transaction,
    viewer: Viewer,
    action: string,
    space: SpaceAccess,
    backfill: BackfillRecord,
  ): Promise<string> {
    const { id, threadId } = backfill
    return recordAudit(tx, viewer, {
      action,
      targetType: 'backfill',
      targetId: id,
      organizationId: space.organizationId,
      details: { spaceId: space.id, threadId },
    })
  }
}
