import { type Database, type Queryable, StaleReadError } from '../../platform/database/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import type { WatchHub } from '../../platform/events/watch.hub.js'
import { LoaderDefinition } from '../../platform/graphql/loader.js'
import { requireId } from '../../platform/ids.js'
import { hidden, requireSpace, type SpaceAccess } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import type { WatchPass } from '../access/watch.gate.js'
import { recordAudit } from '../audit/audit.trail.js'
import { announceSettled } from '../backfills/backfill.events.js'
import type { Embedders, EmbeddingModel } from '../embedders/embedders.js'
import type { LinkService } from '../links/link.service.js'
import { OneReembedding } from '../stores/reembedding.events.js'
import {
  type ReembeddingRecord,
  selectLatestReembeddings,
  selectReembedding,
} from '../stores/reembedding.sql.js'
import type { StoreBuilder } from '../stores/store.builder.js'
import { lockAddedThreads, lockThreadsOf, selectActiveModel } from '../stores/store.sql.js'

/** A reembedding by its id, or the newest of a space: exactly one of the two. */
export interface ReembeddingSelector {
  reembeddingId?: string | null
  spaceId?: string | null
}

/** Building a space's memory anew by another model: starting it, ending it early, reading and watching it. */
export class ReembeddingService {
  /** the one at work or the last, by space */
  readonly latestBySpace: LoaderDefinition<string, ReembeddingRecord>
  readonly #watched: OneReembedding

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly embedders: Embedders,
    private readonly builder: StoreBuilder,
    private readonly links: LinkService,
    private readonly hub: WatchHub<WatchPass>,
  ) {
    this.#watched = new OneReembedding(db)
    this.latestBySpace = new LoaderDefinition(async (spaceIds, viewerId) => {
      const rows = await db.query(selectLatestReembeddings(spaceIds, viewerId))
      return new Map(rows.map((row) => [row.spaceId, row]))
    })
  }

  /**
   * The old memory serves until the new one is whole. It needs no embedder of the old model: this is the way out when
   * the server no longer has it. Asked for the same model again, it answers with what is at work.
   */
  start(
    viewer: Viewer,
    spaceId: string,
    model: string,
    dimensions: number | null,
  ): Promise<ReembeddingRecord> {
    return mutate(this.db, viewer, {
      require: (tx) => requireSpace(tx, viewer, 'manage', spaceId),
      work: async (tx) => {
        await tx.query(lockThreadsOf(spaceId))
        const space = await requireSpace(tx, viewer, 'manage', spaceId, 'update')
        const [added] = await tx.query(lockAddedThreads(spaceId))
        if (!added?.areLocked) throw new StaleReadError('A thread was added to the space')
        const target = this.#requireModel(model, dimensions)
        const running = await this.builder.find(tx, spaceId)
        if (running) requireSameTarget(running, target)
        else requireOtherModel((await tx.query(selectActiveModel(spaceId)))[0], target)
        const reembedding = running ?? (await this.builder.open(tx, viewer, spaceId, target))
        this.links.announceWork(tx)
        announceSettled(tx, this.bus)
        await this.#record(tx, viewer, 'space.reembedding-started', space, reembedding)
        return reembedding
      },
    })
  }

  /** Nothing is left of the new memory; the old one was never touched. Canceling twice is once. */
  cancel(viewer: Viewer, reembeddingId: string): Promise<ReembeddingRecord> {
    return mutate(this.db, viewer, {
      require: async (tx) => {
        const { spaceId } = await getVisible(tx, viewer, reembeddingId)
        return requireSpace(tx, viewer, 'manage', spaceId)
      },
      work: async (tx, { id: spaceId }) => {
        const space = await requireSpace(tx, viewer, 'manage', spaceId, 'update')
        const found = await find(tx, reembeddingId)
        if (found?.status !== 'RUNNING' && found?.status !== 'CANCELED') {
          throw conflict('The re-embedding has ended already.', 'Re-embedding ended', { reembeddingId })
        }
        const canceled = (await this.#cancelRunning(tx, found)) ?? found
        await this.#record(tx, viewer, 'space.reembedding-canceled', space, canceled)
        return canceled
      },
    })
  }

  get(viewer: Viewer, reembeddingId: string): Promise<ReembeddingRecord> {
    return getVisible(this.db, viewer, reembeddingId)
  }

  /** Access is asked for again and again, by the hub. */
  async watch(viewer: Viewer, selector: ReembeddingSelector): Promise<AsyncIterable<ReembeddingRecord>> {
    const { id, storeId, spaceId } = await this.#select(viewer, selector)
    return this.hub.watch(this.#watched, { id, storeId }, { viewer, spaceId })
  }

  async #select(viewer: Viewer, { reembeddingId, spaceId }: ReembeddingSelector): Promise<ReembeddingRecord> {
    if ((reembeddingId == null) === (spaceId == null)) throw invalid('Pass either reembeddingId or spaceId.')
    if (reembeddingId != null) return this.get(viewer, reembeddingId)
    const { id } = await requireSpace(this.db, viewer, 'read', spaceId ?? '')
    const [latest] = await this.db.query(selectLatestReembeddings([id], viewer.userId))
    if (!latest) throw notFound('Reembedding', { spaceId })
    return latest
  }

  async #cancelRunning(tx: Parameters<StoreBuilder['cancel']>[0], { status, spaceId }: ReembeddingRecord) {
    return status === 'RUNNING' ? this.builder.cancel(tx, spaceId) : null
  }

  #requireModel(model: string, dimensions: number | null): EmbeddingModel {
    const [target, another] = this.embedders
      .listNamed(model)
      .filter((each) => dimensions === null || each.dimensions === dimensions)
    if (!target)
      throw invalid(`Invalid model. This server embeds with ${this.embedders.describe()}.`, {
        model,
        dimensions,
      })
    if (another)
      throw invalid('Invalid dimensions. The model is there in several lengths: name one.', { model })
    return target
  }

  #record(
    tx: Parameters<typeof recordAudit>[0],
    viewer: Viewer,
    action: string,
    { id: targetId, organizationId }: SpaceAccess,
    { id: reembeddingId, model, dimensions }: ReembeddingRecord,
  ): Promise<string> {
    const details = { reembeddingId, model, dimensions }
    return recordAudit(tx, viewer, { action, targetType: 'space', targetId, organizationId, details })
  }
}

async function getVisible(tx: Queryable, viewer: Viewer, reembeddingId: string): Promise<ReembeddingRecord> {
  requireId('reembeddingId', reembeddingId)
  const found = await find(tx, reembeddingId)
  if (!found) throw notFound('Reembedding', { reembeddingId })
  await hidden('Reembedding', { reembeddingId }, requireSpace(tx, viewer, 'read', found.spaceId))
  return found
}

async function find(tx: Queryable, id: string): Promise<ReembeddingRecord | null> {
  const [row] = await tx.query(selectReembedding(id))
  return row ?? null
}

function requireSameTarget({ id, model, dimensions }: ReembeddingRecord, target: EmbeddingModel): void {
  if (model === target.model && dimensions === target.dimensions) return
  throw conflict('The space is being re-embedded to another model.', 'Re-embedding running', {
    reembeddingId: id,
    model,
    dimensions,
  })
}

function requireOtherModel(active: EmbeddingModel | undefined, { model, dimensions }: EmbeddingModel): void {
  if (active?.model !== model || active.dimensions !== dimensions) return
  throw conflict('The space holds vectors of this model already.', 'Model in use', { model, dimensions })
}
