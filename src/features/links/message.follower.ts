import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { skipMessage } from '../backfills/backfill.sql.js'
import type { ChangedMessage, MessageObserver } from '../messages/message.observer.js'
import { changeStoreCounts } from '../stores/store.counts.js'
import { lockSpacesOf, type StoreShare } from '../stores/store.counts.sql.js'
import type { LinkService } from './link.service.js'
import { wakeThreads } from './link.sql.js'
import {
  deleteMessageFailures,
  deleteMessageVectors,
  lockStoresOfThread,
  selectBackfillsAhead,
} from './message.follower.sql.js'
import { addEditedMessage, deletePendingMessage } from './pending.sql.js'

/**
 * Keeps the spaces that hold a thread in step with its messages. What was made of an edited or deleted message is gone
 * with the change itself: no search that starts after it finds the old text.
 */
export class MessageFollower implements MessageObserver {
  constructor(
    private readonly bus: Bus,
    private readonly links: LinkService,
  ) {}

  async appended(tx: Transaction, threadIds: readonly string[]): Promise<void> {
    const woken = await tx.query(wakeThreads(threadIds))
    if (woken.length > 0) this.links.announceWork(tx)
  }

  /** Where a worker is not through with it yet, it reads its new content when it comes there. */
  async edited(tx: Transaction, { id, threadId, sequence }: ChangedMessage): Promise<void> {
    await this.#lock(tx, threadId)
    const shares = await this.#forget(tx, threadId, id)
    const pending = await tx.query(addEditedMessage(threadId, id, sequence))
    if (pending.length > 0) await this.appended(tx, [threadId])
    await changeStoreCounts(tx, shares, -1)
  }

  /** A backfill that was to embed it counts it as skipped, or would never be complete. */
  async deleted(tx: Transaction, { id, threadId, sequence }: ChangedMessage): Promise<void> {
    await this.#lock(tx, threadId)
    const ahead = await tx.query(selectBackfillsAhead(threadId, id, sequence))
    const shares = await this.#forget(tx, threadId, id)
    await tx.query(deletePendingMessage(threadId, id))
    const ids = ahead.map((backfill) => backfill.id)
    if (ids.length > 0) announceBackfills(tx, this.bus, await tx.query(skipMessage(ids)))
    await changeStoreCounts(tx, shares, -1)
  }

  /** The thread is locked, so no link of it comes or goes; who opens or retires a store has its space for update. */
  async #lock(tx: Transaction, threadId: string): Promise<void> {
    await tx.query(lockSpacesOf([threadId]))
    await tx.query(lockStoresOfThread(threadId))
  }

  async #forget(tx: Transaction, threadId: string, messageId: string): Promise<StoreShare[]> {
    await tx.query(deleteMessageFailures(threadId, messageId))
    return tx.query(deleteMessageVectors(threadId, messageId))
  }
}
