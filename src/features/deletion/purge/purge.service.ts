import type { Transaction } from '../../../platform/database/database.js'
import type { Bus } from '../../../platform/events/bus.js'
import type { Outbox } from '../../../platform/outbox/outbox.js'
import type { RequestIds } from '../../../platform/request.js'
import { announceBackfills } from '../../backfills/backfill.events.js'
import { cancelBackfills } from '../../backfills/backfill.sql.js'
import { SANDBOX_DELETION } from '../../projects/sandbox.service.js'
import { changeStoreCounts } from '../../stores/store.counts.js'
import { lockCountedThreads, lockSpacesOf } from '../../stores/store.counts.sql.js'
import type { UsageMeter } from '../../usage/usage.meter.js'
import {
  type DeletedProject,
  deleteEmptyProjects,
  lockProjectsOf,
  lockPurgeable,
  type PurgeableThread,
} from './purge.sql.js'

/** The only code that deletes threads permanently; every deletion ends here. */
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

  /** Tells subscribers of the backfills that they ended. */
  async endBackfills(tx: Transaction, threadIds: readonly string[]): Promise<void> {
    announceBackfills(tx, this.bus, await tx.query(cancelBackfills({ threadIds })))
  }
}
