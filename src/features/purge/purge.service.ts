import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import type { Outbox } from '../../platform/outbox/outbox.js'
import type { RequestIds } from '../../platform/request.js'
import { announceBackfills, announceWork } from '../backfills/backfill.events.js'
import { cancelBackfills } from '../backfills/backfill.sql.js'
import { SANDBOX_DELETION } from '../projects/sandbox.service.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import { announcePurge } from './deletion.events.js'
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
import {
  type DeletedProject,
  deleteEmptyProjects,
  lockCountedThreads,
  lockProjectsOf,
  lockPurgeable,
  lockSpacesOf,
  type PurgeableThread,
} from './purge.sql.js'
import { changeStoreCounts } from './store.counts.js'

const MAX_VECTORS_AT_ONCE = 10_000
const MAX_ROWS_AT_ONCE = 5_000

/** The only code that removes threads, links and vectors permanently; every deletion ends here. */
export class PurgeService {
  constructor(
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly outbox: Outbox,
  ) {}

  /** Locks projects, threads and spaces, in that order. Omits threads that are gone or under a legal hold. */
  async lock(tx: Transaction, threadIds: readonly string[]): Promise<PurgeableThread[]> {
    await tx.query(lockProjectsOf(threadIds))
    const threads = await tx.query(lockPurgeable(threadIds))
    await tx.query(lockSpacesOf(threadIds))
    return threads
  }

  /**
   * Deletes threads that are locked, with all that hangs on them, and projects that were left empty, whose sandboxes go
   * through the outbox. The counts of threads and messages are the caller's: it knows whether they were still counted.
   *
   * @returns the projects that were deleted
   */
  async purge(
    tx: Transaction,
    threads: readonly PurgeableThread[],
    request: RequestIds,
  ): Promise<DeletedProject[]> {
    const threadIds = threads.map(({ id }) => id)
    const shares = await tx.query(lockCountedThreads(threadIds))
    await this.endBackfills(tx, threadIds)
    await changeStoreCounts(tx, shares, -1)
    // Messages, agent runs, links, vectors and failures go with their thread, by the cascade of their keys.
    await tx.prisma.thread.deleteMany({ where: { id: { in: threadIds } } })
    const projectIds = new Set(threads.flatMap(({ projectId }) => projectId ?? []))
    const projects = await tx.query(deleteEmptyProjects([...projectIds]))
    for (const { id: projectId, organizationId, sandboxId } of projects) {
      if (sandboxId === null) continue
      const payload = { sandboxId, projectId }
      await this.outbox.addEffect(tx, { kind: SANDBOX_DELETION, payload, organizationId, request })
    }
    return projects
  }

  /** Subtracts deleted projects from their organizations' counts. */
  async uncountProjects(tx: Transaction, projects: readonly DeletedProject[]): Promise<void> {
    const changes = new Map<string, { projects: number }>()
    for (const { organizationId } of projects)
      changes.set(organizationId, { projects: (changes.get(organizationId)?.projects ?? 0) - 1 })
    await this.usage.changeEach(tx, changes)
  }

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

  /** Tells subscribers of the backfills that they ended. */
  async endBackfills(tx: Transaction, threadIds: readonly string[]): Promise<void> {
    announceBackfills(tx, this.bus, await tx.query(cancelBackfills({ threadIds })))
  }
}
