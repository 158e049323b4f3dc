import type { Database, Queryable, Transaction } from '../../platform/database/database.js'
import { findReply } from '../../platform/idempotency/idempotency.js'
import { requireSpace, type SpaceAccess } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { LinkService } from '../links/link.service.js'
import { lockLinkedThread } from '../links/link.sql.js'
import { lockStoreThreads } from '../stores/store.sql.js'
import { findMisfits, type MisfitMessage } from './space.check.js'
import { measureHealth, type SpaceHealthReport } from './space.health.service.js'
import { type LinkHealth, listStaleLinks, measureLinks } from './space.health.sql.js'
import {
  correctLink,
  deleteOrphanRecords,
  deleteOrphans,
  deleteStrayRecords,
  deleteStrayVectors,
  type Gone,
  listStrayThreads,
  lockActiveStore,
  lockThreadIn,
  recountLink,
  recountStore,
  requeueMisfits,
  wakeStuckLink,
} from './space.repair.sql.js'

const MAX_VECTORS_AT_ONCE = 10_000

/** What a repair changed. */
export interface Repairs {
  removedVectors: number
  requeuedMessages: number
  removedRecords: number
  correctedCounters: number
  correctedLinks: number
  wokenLinks: number
}

export interface Repaired extends Repairs {
  /** once it was repaired */
  health: SpaceHealthReport
}

const NOTHING: Repairs = {
  removedVectors: 0,
  requeuedMessages: 0,
  removedRecords: 0,
  correctedCounters: 0,
  correctedLinks: 0,
  wokenLinks: 0,
}

/**
 * Brings a space back to what must hold of it, link by link, in transactions of a bounded size: what was found without
 * a lock is looked at again under the locks that workers, adds and removals take too. What is missing workers embed.
 */
export class SpaceRepair {
  constructor(
    private readonly db: Database,
    private readonly links: LinkService,
  ) {}

  /** Nothing of it needs to be undone when it is cut short: called again, it goes on. */
  async repair(viewer: Viewer, spaceId: string): Promise<Repaired> {
    const require = (tx: Queryable) => requireSpace(tx, viewer, 'manage', spaceId)
    await require(this.db)
    const kept = await findReply<Repaired>(this.db, viewer.userId, viewer.call)
    if (kept) return kept.reply
    const removedVectors = await this.#removeStrays(viewer, spaceId)
    const correctedLinks = await this.#correctLinks(viewer, spaceId)
    const links = await this.db.query(measureLinks(spaceId))
    const steps: Repairs[] = [{ ...NOTHING, removedVectors, correctedLinks }]
    for (const { threadId } of links.filter(isFaulty))
      steps.push(...(await this.#mend(viewer, spaceId, threadId)))
    for await (const misfits of findMisfits(this.db, spaceId, links)) {
      for (const [threadId, ofThread] of byThread(misfits)) {
        steps.push(await this.#step(viewer, spaceId, threadId, ofThread))
      }
    }
    steps.push(await this.#removeRecords(viewer, spaceId))
    // Beside the last transaction, because it takes long; nothing of it can fail once the reply is kept.
    const health = await measureHealth(this.db, spaceId)
    return mutate(this.db, viewer, {
      require,
      work: (tx, space) => record(tx, viewer, space, { ...steps.reduce(add), health }),
    })
  }

  async #removeStrays(viewer: Viewer, spaceId: string): Promise<number> {
    let removed = 0
    for (const { threadId } of await this.db.query(listStrayThreads(spaceId))) {
      for (let count = MAX_VECTORS_AT_ONCE; count === MAX_VECTORS_AT_ONCE; removed += count) {
        count = await this.db.transaction(async (tx) => {
          await requireSpace(tx, viewer, 'manage', spaceId, 'share')
          return countIn(await tx.query(deleteStrayVectors(spaceId, threadId, MAX_VECTORS_AT_ONCE)))
        })
      }
    }
    return removed
  }

  /** Of deleted threads too: a search would show them. */
  async #correctLinks(viewer: Viewer, spaceId: string): Promise<number> {
    let corrected = 0
    for (const { threadId } of await this.db.query(listStaleLinks(spaceId))) {
      corrected += await this.db.transaction(async (tx) => {
        await tx.query(lockThreadIn(spaceId, threadId))
        await requireSpace(tx, viewer, 'manage', spaceId, 'share')
        return (await tx.query(correctLink(spaceId, threadId))).length
      })
    }
    return corrected
  }

  async #mend(viewer: Viewer, spaceId: string, threadId: string): Promise<Repairs[]> {
    const steps: Repairs[] = []
    for (let removed = MAX_VECTORS_AT_ONCE; removed === MAX_VECTORS_AT_ONCE; ) {
      const step = await this.#step(viewer, spaceId, threadId, [])
      removed = step.removedVectors
      steps.push(step)
    }
    return steps
  }

  /** One link in one transaction. One that is gone meanwhile needs no repair. */
  #step(
    viewer: Viewer,
    spaceId: string,
    threadId: string,
    misfits: readonly MisfitMessage[],
  ): Promise<Repairs> {
    return this.db.transaction(async (tx) => {
      const [thread] = await tx.query(lockLinkedThread(spaceId, threadId))
      await requireSpace(tx, viewer, 'manage', spaceId, 'share')
      const [link] = thread ? await tx.query(lockStoreThreads(spaceId, threadId)) : []
      if (!link) return NOTHING
      const orphans = await tx.query(deleteOrphans(spaceId, threadId, MAX_VECTORS_AT_ONCE))
      const records = await tx.query(deleteOrphanRecords(spaceId, threadId))
      const [requeued] = misfits.length > 0 ? await tx.query(requeueMisfits(spaceId, misfits)) : []
      const recounted = await tx.query(recountLink(spaceId, threadId))
      const woken = await tx.query(wakeStuckLink(spaceId, threadId))
      if (woken.length > 0) this.links.announceWork(tx)
      return {
        removedVectors: countIn(orphans) + (requeued?.removedVectors ?? 0),
        requeuedMessages: requeued?.messages ?? 0,
        removedRecords: countIn(records),
        correctedCounters: recounted.length + (await recount(tx, spaceId)),
        correctedLinks: 0,
        wokenLinks: woken.length,
      }
    })
  }

  /** What belongs to no link, and the counters of the space itself. */
  #removeRecords(viewer: Viewer, spaceId: string): Promise<Repairs> {
    return this.db.transaction(async (tx) => {
      await requireSpace(tx, viewer, 'manage', spaceId, 'share')
      const removedRecords = countIn(await tx.query(deleteStrayRecords(spaceId)))
      return { ...NOTHING, removedRecords, correctedCounters: await recount(tx, spaceId) }
    })
  }
}

async function record(
  tx: Transaction,
  viewer: Viewer,
  { id: spaceId, organizationId }: SpaceAccess,
  repaired: Repaired,
): Promise<Repaired> {
  const { health: _, ...details } = repaired
  const target = { targetType: 'space' as const, targetId: spaceId, organizationId }
  await recordAudit(tx, viewer, { action: 'space.repaired', ...target, details })
  return repaired
}

function isFaulty({ orphans, orphanRecords, isMiscounted, isStuck }: LinkHealth): boolean {
  return orphans + orphanRecords > 0 || isMiscounted || isStuck
}

function byThread(misfits: readonly MisfitMessage[]): Map<string, MisfitMessage[]> {
  const threads = new Map<string, MisfitMessage[]>()
  for (const misfit of misfits) {
    threads.set(misfit.threadId, [...(threads.get(misfit.threadId) ?? []), misfit])
  }
  return threads
}

async function recount(tx: Transaction, spaceId: string): Promise<number> {
  await tx.query(lockActiveStore(spaceId))
  return countIn(await tx.query(recountStore(spaceId)))
}

function countIn([row]: readonly Gone[]): number {
  return row?.count ?? 0
}

function add(one: Repairs, other: Repairs): Repairs {
  return {
    removedVectors: one.removedVectors + other.removedVectors,
    requeuedMessages: one.requeuedMessages + other.requeuedMessages,
    removedRecords: one.removedRecords + other.removedRecords,
    correctedCounters: one.correctedCounters + other.correctedCounters,
    correctedLinks: one.correctedLinks + other.correctedLinks,
    wokenLinks: one.wokenLinks + other.wokenLinks,
  }
}
