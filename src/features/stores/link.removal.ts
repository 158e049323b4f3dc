import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { announceBackfills, announceWork } from '../backfills/backfill.events.js'
import { cancelBackfills } from '../backfills/backfill.sql.js'
import {
  deleteLeavingVectors,
  deleteLinks,
  deleteRemoval,
  deleteStore,
  deleteStoreRows,
  deleteStoreThreads,
  deleteStoreVectors,
  deleteVectors,
  insertRemoval,
  lockDroppableStore,
  lockLeavingThread,
  type RemovedLinks,
  type RemovedThread,
  retireStores,
} from './link.removal.sql.js'
import { announcePurge } from './purge.events.js'

const MAX_VECTORS_AT_ONCE = 10_000
const MAX_ROWS_AT_ONCE = 5_000

/** How threads leave spaces: at once for every search, and their vectors in bounded steps. */
export class LinkRemoval {
  constructor(private readonly bus: Bus) {}

  /**
   * Takes a thread out of a space. Its vectors go at once, or by the worker when they are many. The counts of the stores are
   * the caller's.
   *
   * @returns how many vectors left the store that answers
   */
  async removeLink(tx: Transaction, spaceId: string, threadId: string): Promise<number> {
    const removed = await tx.query(deleteStoreThreads(spaceId, threadId))
    await tx.prisma.spaceThread.deleteMany({ where: { spaceId, threadId } })
    announceBackfills(tx, this.bus, await tx.query(cancelBackfills({ spaceId, threadIds: [threadId] })))
    const isLater = (one: RemovedThread) => one.isLeaving || one.vectorCount > MAX_VECTORS_AT_ONCE
    const now = removed.filter((one) => !isLater(one)).map(({ storeId }) => storeId)
    if (now.length > 0) await tx.query(deleteVectors(now, threadId))
    for (const one of removed.filter(isLater)) await tx.query(insertRemoval(one, threadId))
    if (now.length < removed.length) announcePurge(tx, this.bus)
    return removed.find(({ isActive }) => isActive)?.vectorCount ?? 0
  }

  /** Takes every thread out of a space whose stores are locked. Its memory is dropped by the worker. */
  async removeLinks(tx: Transaction, spaceId: string): Promise<RemovedLinks> {
    const [removed] = await tx.query(deleteLinks(spaceId))
    announceBackfills(tx, this.bus, await tx.query(cancelBackfills({ spaceId })))
    await tx.query(retireStores(spaceId, null))
    announcePurge(tx, this.bus)
    return removed ?? { removedThreadCount: 0, removedVectorCount: 0 }
  }

  /** Some of the vectors of a thread that left a store. @returns false when there is none */
  async dropLeaving(tx: Transaction): Promise<boolean> {
    const [leaving] = await tx.query(lockLeavingThread())
    if (!leaving) return false
    const [gone] = await tx.query(deleteLeavingVectors(leaving, MAX_VECTORS_AT_ONCE))
    if ((gone?.count ?? 0) === MAX_VECTORS_AT_ONCE) return true
    await tx.query(deleteRemoval(leaving))
    // The thread may have been added again, and waits for this.
    announceWork(tx, this.bus)
    return true
  }

  /**
   * Some of a retired store, and once nothing is left of it, the store. A thread that is purged meanwhile takes its own.
   *
   * @returns false when there is none
   */
  async dropStore(tx: Transaction, graceMs: number): Promise<boolean> {
    const [store] = await tx.query(lockDroppableStore(graceMs))
    if (!store) return false
    const { storeId, isUnread } = store
    const [rows] = await tx.query(deleteStoreRows(storeId, MAX_ROWS_AT_ONCE))
    if (!rows?.count && !isUnread) return false
    if (rows?.count) return true
    const [gone] = await tx.query(deleteStoreVectors(storeId, MAX_VECTORS_AT_ONCE))
    if (gone?.count === 0) await tx.query(deleteStore(storeId))
    return true
  }
}
