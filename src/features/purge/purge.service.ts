import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import type { Outbox } from '../../platform/outbox.js'
import type { RequestIds } from '../../platform/request.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, cancelBackfills } from '../backfills/backfill.sql.js'
import { SANDBOX_DELETION } from '../projects/sandbox.service.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  type DeletedProject,
  type DroppableStore,
  deleteEmptyProjects,
  deleteLinks,
  deleteShadow,
  deleteStoreVectors,
  holdSpacesOf,
  lockCountedLinks,
  lockDroppableStore,
  lockProjectsOf,
  lockPurgeable,
  type PurgeableThread,
  type RemovedLinks,
} from './purge.sql.js'
import { changeSpaceCounts } from './space.counts.js'
import type { SpaceShare } from './space.counts.sql.js'

const MAX_VECTORS_AT_ONCE = 10_000

/** The only code that removes threads, links and vectors permanently; every deletion ends here. */
export class PurgeService {
  constructor(
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
    private readonly outbox: Outbox,
  ) {}

  /** Locks projects, threads and spaces, in that order. Omits threads that are gone or under a legal hold. */
  async hold(tx: Transaction, threadIds: readonly string[]): Promise<PurgeableThread[]> {
    await tx.query(lockProjectsOf(threadIds))
    const threads = await tx.query<PurgeableThread>(lockPurgeable(threadIds))
    await tx.query(holdSpacesOf(threadIds))
    return threads
  }

  /**
   * Deletes threads that are held, with all that hangs on them, and projects that were left empty, whose sandboxes go
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
    const shares = await tx.query<SpaceShare>(lockCountedLinks(threadIds))
    await this.endBackfills(tx, threadIds)
    await changeSpaceCounts(tx, shares, -1)
    // Messages, agent runs, links, vectors and failures go with their thread, by the cascade of their keys.
    await tx.prisma.thread.deleteMany({ where: { id: { in: threadIds } } })
    const projectIds = new Set(threads.flatMap(({ projectId }) => projectId ?? []))
    const projects = await tx.query<DeletedProject>(deleteEmptyProjects([...projectIds]))
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

  /** Removes a thread, or with null every thread, from a space. The caller updates the space's counts. */
  async removeLinks(tx: Transaction, spaceId: string, threadId: string | null): Promise<RemovedLinks> {
    const [removed] = await tx.query<RemovedLinks>(deleteLinks(spaceId, threadId))
    const threadIds = threadId === null ? undefined : [threadId]
    announceBackfills(tx, this.bus, await tx.query<BackfillRecord>(cancelBackfills({ spaceId, threadIds })))
    return removed ?? { removedThreadCount: 0, removedVectorCount: 0 }
  }

  /**
   * Some of the vectors of a store that no space uses any more, and once none is left, what held it. A thread that is
   * purged meanwhile takes its own.
   *
   * @returns false when there was no such store
   */
  async dropStore(tx: Transaction, graceMs: number): Promise<boolean> {
    const [store] = await tx.query<DroppableStore>(lockDroppableStore(graceMs))
    if (!store) return false
    const [gone] = await tx.query<{ count: number }>(deleteStoreVectors(store.storeId, MAX_VECTORS_AT_ONCE))
    if (gone?.count === 0) await tx.query(deleteShadow(store.shadowId))
    return true
  }

  /** Tells subscribers of the backfills that they ended. */
  async endBackfills(tx: Transaction, threadIds: readonly string[]): Promise<void> {
    announceBackfills(tx, this.bus, await tx.query<BackfillRecord>(cancelBackfills({ threadIds })))
  }
}
