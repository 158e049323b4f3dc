import type { BackfillKind } from '../../generated/prisma/enums.js'
import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { mintId, requireId } from '../../platform/ids.js'
import { PagesDefinition } from '../../platform/loader.js'
import { requireSpace, requireThread, type SpaceAccess, type ThreadAccess } from '../access/access.js'
import { requireAllowed } from '../access/access.policy.js'
import type { Lock } from '../access/access.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, insertBackfill, selectLatestBackfills } from '../backfills/backfill.sql.js'
import type { Embedder } from '../embedders/embedder.js'
import type { Embedders } from '../embedders/embedders.js'
import type { PurgeService } from '../purge/purge.service.js'
import { changeSpaceCounts } from '../purge/space.counts.js'
import type { SpaceShare } from '../purge/space.counts.sql.js'
import { holdMemberships } from './departure.sql.js'
import {
  holdThread,
  insertLink,
  type LinkedThread,
  type LinkRecord,
  listLinkedThreads,
  lockLink,
  measureBeyond,
  resumeLink,
} from './link.sql.js'
import { adoptPending } from './pending.sql.js'
import { announceSettled } from './reembedding.events.js'
import { selectShadow } from './reembedding.shadow.sql.js'
import { getSpace } from './space.service.js'
import type { SpaceRecord } from './space.sql.js'

/** On this topic workers hear that a link has work. */
export const WORK_TOPIC = 'embedding-work'

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
    private readonly purges: PurgeService,
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

  /** Once this is acknowledged nothing of the link is written again: its row, and with it its generation, is gone. */
  remove(viewer: Viewer, spaceId: string, threadId: string): Promise<ThreadRemoved> {
    requireId('threadId', threadId)
    return mutate(this.db, viewer, {
      require: (tx) => requireSpace(tx, viewer, 'edit', spaceId),
      work: (tx) => this.#remove(tx, viewer, spaceId, threadId),
    })
  }

  async #remove(tx: Transaction, viewer: Viewer, spaceId: string, threadId: string): Promise<ThreadRemoved> {
    const [thread] = await tx.query(holdThread(spaceId, threadId))
    const space = await requireSpace(tx, viewer, 'edit', spaceId, 'share')
    const [link] = await tx.query<LinkRecord>(lockLink(spaceId, threadId))
    if (!thread || !link) throw notFound('Thread', { threadId, spaceId })
    const beside = await this.#lockBeside(tx, link)
    const { removedVectorCount } = await this.purges.removeLinks(tx, spaceId, threadId)
    if (beside) await this.purges.removeLinks(tx, beside.spaceId, threadId)
    await recordAudit(tx, viewer, {
      action: 'space.thread-removed',
      targetType: 'space',
      targetId: spaceId,
      organizationId: space.organizationId,
      details: { threadId, removedVectorCount },
    })
    await changeSpaceCounts(tx, sharesOf([link, beside]), -1)
    if (beside) announceSettled(tx, this.bus)
    return { removedAt: new Date(), removedVectorCount, space: await getSpace(tx, viewer, spaceId) }
  }

  announceWork(tx: Transaction): void {
    tx.afterCommit(() => this.bus.publish(WORK_TOPIC, null))
  }

  /** A paused link goes on from where it stood, under a backfill of its own. */
  async resume(tx: Transaction, link: LinkRecord): Promise<BackfillRecord> {
    await tx.query(resumeLink(link.spaceId, link.threadId))
    return this.#open(tx, link)
  }

  /** One space holds the vectors of one model: others could not be compared with them. */
  requireEmbedder(space: Pick<SpaceAccess, 'id' | 'embeddingModel' | 'embeddingDimensions'>): Embedder {
    const model = { model: space.embeddingModel, dimensions: space.embeddingDimensions }
    const embedder = this.embedders.find(model)
    if (embedder) return embedder
    throw conflict(this.embedders.describeMissing(model), 'Embedding model mismatch', { spaceId: space.id })
  }

  async #join(tx: Transaction, viewer: Viewer, spaceId: string, threadId: string): Promise<Joined> {
    const [fresh] = await tx.query<LinkRecord>(insertLink(spaceId, threadId, viewer.userId))
    if (fresh) {
      const beside = await this.#insertBeside(tx, viewer, fresh)
      const backfill = await this.#open(tx, fresh)
      if (beside) await this.#open(tx, beside, 'REEMBED')
      await changeSpaceCounts(tx, sharesOf([fresh, beside]), 1)
      return { addedAt: fresh.addedAt, backfill }
    }
    const [link] = await tx.query<LinkRecord>(lockLink(spaceId, threadId))
    if (!link) throw new Error('A link that exists could not be locked')
    if (link.pausedAt) return { addedAt: link.addedAt, backfill: await this.resume(tx, link) }
    const [backfill] = await tx.query<BackfillRecord>(selectLatestBackfills([spaceId], [threadId]))
    if (!backfill) throw new Error(`Link ${spaceId} ${threadId} has no backfill`)
    return { addedAt: link.addedAt, backfill }
  }

  /** A memory that is being built anew gets what joins the space meanwhile. Both links come before either's backfill. */
  async #insertBeside(
    tx: Transaction,
    viewer: Viewer,
    { spaceId, threadId }: LinkRecord,
  ): Promise<LinkRecord | null> {
    const [shadow] = await tx.query<{ id: string }>(selectShadow(spaceId))
    if (!shadow) return null
    const [link] = await tx.query<LinkRecord>(insertLink(shadow.id, threadId, viewer.userId))
    if (!link) throw new Error('A shadow had a thread that its space had not')
    return link
  }

  async #lockBeside(tx: Transaction, { spaceId, threadId }: LinkRecord): Promise<LinkRecord | null> {
    const [shadow] = await tx.query<{ id: string }>(selectShadow(spaceId))
    if (!shadow) return null
    const [link] = await tx.query<LinkRecord>(lockLink(shadow.id, threadId))
    if (!link) throw new Error('A shadow lacked a thread that its space had')
    return link
  }

  async #open(tx: Transaction, link: LinkRecord, kind: BackfillKind = 'ADD'): Promise<BackfillRecord> {
    const { spaceId, threadId, generation, embeddedThrough } = link
    const id = mintId('bkfl')
    const [size] = await tx.query<{ lastSequence: number; count: number }>(
      measureBeyond(threadId, embeddedThrough),
    )
    const adopted = await tx.query(adoptPending(spaceId, threadId, id))
    const [backfill] = await tx.query<BackfillRecord>(
      insertBackfill({
        id,
        spaceId,
        threadId,
        generation,
        kind,
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
  const held = await tx.query(holdMemberships(viewer.userId, organizationIds))
  if (held.length < organizationIds.length) throw notFound('Thread', { threadId: thread.id })
}

function sharesOf(links: readonly (LinkRecord | null)[]): SpaceShare[] {
  return links.flatMap((link) =>
    link ? [{ spaceId: link.spaceId, threads: 1, vectors: link.vectorCount }] : [],
  )
}
