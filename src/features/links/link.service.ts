import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { PagesDefinition } from '../../platform/graphql/loader.js'
import { mintId, requireId } from '../../platform/ids.js'
import { requireSpace, requireThread, type SpaceAccess, type ThreadAccess } from '../access/access.js'
import { requireAllowed } from '../access/access.policy.js'
import type { Lock } from '../access/access.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceBackfills, announceWork } from '../backfills/backfill.events.js'
import { type BackfillRecord, insertBackfill, selectLatestBackfills } from '../backfills/backfill.sql.js'
import type { Embedder } from '../embedders/embedder.js'
import type { Embedders } from '../embedders/embedders.js'
import { getSpace } from '../spaces/space.service.js'
import type { SpaceRecord } from '../spaces/space.sql.js'
import type { LinkRemoval } from '../stores/link.removal.js'
import { changeStoreCounts } from '../stores/store.counts.js'
import type { StoreShare } from '../stores/store.counts.sql.js'
import { insertStoreThreads, lockStoreThreads, type StoreThreadRecord } from '../stores/store.sql.js'
import { lockMemberships } from './departure.sql.js'
import {
  type LinkedThread,
  listLinkedThreads,
  lockLinkedThread,
  measureBeyond,
  resumeThread,
  selectLink,
} from './link.sql.js'
import { adoptPending } from './pending.sql.js'

interface Joined {
  addedAt: Date
  backfill: BackfillRecord
}

export interface ThreadAdded extends Joined {
  space: SpaceRecord
}

export interface ThreadRemoved {
  removedAt: Date
  removedVectorCount: number
  space: SpaceRecord
}

/** The links between threads and spaces: adding, removing, and telling workers that one has work. */
export class LinkService {
  readonly threadsBySpace: PagesDefinition<LinkedThread>

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly embedders: Embedders,
    private readonly removal: LinkRemoval,
  ) {
    this.threadsBySpace = new PagesDefinition(
      ({ spaceId }) => spaceId,
      (spaceIds, page, { viewerId }) => db.query(listLinkedThreads(viewerId, spaceIds, page)),
    )
  }

  /**
   * Adding a thread twice is one link and one backfill: the second call answers with the first one's. A link whose
   * backfill was canceled is resumed.
   */
  add(viewer: Viewer, spaceId: string, threadId: string): Promise<ThreadAdded> {
    return mutate(this.db, viewer, {
      require: (tx) => requireBoth(tx, viewer, spaceId, threadId),
      work: async (tx) => {
        const locks = { thread: 'change', space: 'share' } as const
        const { space, thread } = await requireBoth(tx, viewer, spaceId, threadId, locks)
        if (thread.organizationId !== space.organizationId) await requireStillIn(tx, viewer, thread, space)
        this.requireEmbedder(space)
        const added = await this.#join(tx, viewer, spaceId, threadId)
        await recordAudit(tx, viewer, {
          action: 'space.thread-added',
          targetType: 'space',
          targetId: spaceId,
          organizationId: space.organizationId,
          details: { threadId, backfillId: added.backfill.id },
        })
        return { ...added, space: await getSpace(tx, viewer, spaceId) }
      },
    })
  }

  /** Once this is acknowledged nothing of the link is written again: its generations are gone. */
  remove(viewer: Viewer, spaceId: string, threadId: string): Promise<ThreadRemoved> {
    requireId('threadId', threadId)
    return mutate(this.db, viewer, {
      require: (tx) => requireSpace(tx, viewer, 'edit', spaceId),
      work: (tx) => this.#remove(tx, viewer, spaceId, threadId),
    })
  }

  async #remove(tx: Transaction, viewer: Viewer, spaceId: string, threadId: string): Promise<ThreadRemoved> {
    const [thread] = await tx.query(lockLinkedThread(spaceId, threadId))
    const space = await requireSpace(tx, viewer, 'edit', spaceId, 'share')
    const members = await tx.query(lockStoreThreads(spaceId, threadId))
    if (!thread || members.length === 0) throw notFound('Thread', { threadId, spaceId })
    const removedVectorCount = await this.removal.removeLink(tx, spaceId, threadId)
    await recordAudit(tx, viewer, {
      action: 'space.thread-removed',
      targetType: 'space',
      targetId: spaceId,
      organizationId: space.organizationId,
      details: { threadId, removedVectorCount },
    })
    await changeStoreCounts(tx, sharesOf(members), -1)
    return { removedAt: new Date(), removedVectorCount, space: await getSpace(tx, viewer, spaceId) }
  }

  announceWork(tx: Transaction): void {
    announceWork(tx, this.bus)
  }

  /** What is paused goes on from where it stood, under a backfill of its own. */
  async resume(tx: Transaction, member: StoreThreadRecord): Promise<BackfillRecord> {
    await tx.query(resumeThread(member))
    return this.#open(tx, member)
  }

  /** One space holds the vectors of one model: others could not be compared with them. */
  requireEmbedder(space: Pick<SpaceAccess, 'id' | 'embeddingModel' | 'embeddingDimensions'>): Embedder {
    const model = { model: space.embeddingModel, dimensions: space.embeddingDimensions }
    const embedder = this.embedders.find(model)
    if (embedder) return embedder
    throw conflict(this.embedders.describeMissing(model), 'Embedding model mismatch', { spaceId: space.id })
  }

  async #join(tx: Transaction, viewer: Viewer, spaceId: string, threadId: string): Promise<Joined> {
    const [link] = await tx.query(selectLink(spaceId, threadId))
    if (!link) {
      // Its thread is locked: nobody else adds it meanwhile.
      const fresh = await tx.prisma.spaceThread.create({
        data: { spaceId, threadId, addedById: viewer.userId, addedAt: tx.now },
        select: { addedAt: true },
      })
      const members = await tx.query(insertStoreThreads(spaceId, threadId))
      const backfills: BackfillRecord[] = []
      for (const member of members) backfills.push(await this.#open(tx, member))
      const [backfill] = backfills
      if (!backfill) throw new Error(`Space ${spaceId} has no store`)
      await changeStoreCounts(tx, sharesOf(members), 1)
      return { ...fresh, backfill }
    }
    const active = (await tx.query(lockStoreThreads(spaceId, threadId))).find(({ isActive }) => isActive)
    if (!active) throw new Error('A link that exists could not be locked')
    if (active.pausedAt) return { ...link, backfill: await this.resume(tx, active) }
    const [backfill] = await tx.query(selectLatestBackfills([spaceId], [threadId]))
    if (!backfill) throw new Error(`Link ${spaceId} ${threadId} has no backfill`)
    return { ...link, backfill }
  }

  async #open(tx: Transaction, member: StoreThreadRecord): Promise<BackfillRecord> {
    const { spaceId, storeId, threadId, generation, embeddedThrough, isActive } = member
    const id = mintId('bkfl')
    const [size] = await tx.query(measureBeyond(threadId, embeddedThrough))
    const adopted = await tx.query(adoptPending(storeId, threadId, id))
    const [backfill] = await tx.query(
      insertBackfill({
        id,
        spaceId,
        storeId,
        threadId,
        generation,
        kind: isActive ? 'ADD' : 'REEMBED',
        targetSequence: size?.lastSequence ?? 0,
        total: (size?.count ?? 0) + adopted.length,
      }),
    )
    if (!backfill) throw new Error('A backfill could not be made')
    announceBackfills(tx, this.bus, [backfill])
    this.announceWork(tx)
    return backfill
  }
}

/** Both are seen before what is refused of either is told. */
async function requireBoth(
  tx: Transaction,
  viewer: Viewer,
  spaceId: string,
  threadId: string,
  locks: { thread: Lock; space: Lock } = { thread: 'none', space: 'none' },
): Promise<{ space: SpaceAccess; thread: ThreadAccess }> {
  const thread = await requireThread(tx, viewer, 'read', threadId, locks.thread)
  const space = await requireSpace(tx, viewer, 'read', spaceId, locks.space)
  requireAllowed(viewer, 'edit', space)
  requireAllowed(viewer, 'write', thread)
  if (thread.organizationId === space.organizationId || thread.ownerId === viewer.userId)
    return { space, thread }
  throw invalid('The thread belongs to another organization than the space, and not to you.', {
    spaceId,
    threadId,
  })
}

/** A link between organizations ends with its owner's membership in either: none is made while one ends. */
async function requireStillIn(
  tx: Transaction,
  viewer: Viewer,
  thread: ThreadAccess,
  space: SpaceAccess,
): Promise<void> {
  const organizationIds = [thread, space]
    .filter(({ role }) => role !== null)
    .map((each) => each.organizationId)
  const locked = await tx.query(lockMemberships(viewer.userId, organizationIds))
  if (locked.length < organizationIds.length) throw notFound('Thread', { threadId: thread.id })
}

function sharesOf(members: readonly StoreThreadRecord[]): StoreShare[] {
  return members.map(({ storeId, vectorCount }) => ({ storeId, threads: 1, vectors: vectorCount }))
}
