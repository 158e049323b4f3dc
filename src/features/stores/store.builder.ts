import type { Queryable, Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { mintId } from '../../platform/ids.js'
import type { RequestIds } from '../../platform/request.js'
import type { Viewer } from '../access/viewer.js'
import type { EmbeddingModel } from '../embedders/embedders.js'
import { lockStores, retireStores } from './link.removal.sql.js'
import { announcePurge } from './purge.events.js'
import { announceReembedding } from './reembedding.events.js'
import {
  type EndedReembedding,
  endReembedding,
  type FinalCounts,
  insertReembedding,
  type ReembeddingRecord,
  selectReembedding,
  selectRunningReembedding,
  sumBackfills,
} from './reembedding.sql.js'
import { activateStore, fillStore, insertStore } from './store.sql.js'

type Ended = ReembeddingRecord & Pick<EndedReembedding, 'organizationId'> & { request: RequestIds }

/**
 * The store in which another model's memory of a space is built. Whoever calls these methods has locked the space for update,
 * so that nobody adds to it or takes from it meanwhile.
 */
export class StoreBuilder {
  constructor(private readonly bus: Bus) {}

  /** @returns the reembedding that is at work in the space */
  async find(tx: Queryable, spaceId: string): Promise<ReembeddingRecord | null> {
    const [running] = await tx.query(selectRunningReembedding(spaceId))
    return running ?? null
  }

  /** In a fixed number of statements, however many threads the space has. */
  async open(
    tx: Transaction,
    viewer: Viewer,
    spaceId: string,
    model: EmbeddingModel,
  ): Promise<ReembeddingRecord> {
    const [id, storeId] = [mintId('remb'), mintId('store')]
    await tx.query(insertStore(storeId, spaceId, model))
    await tx.query(fillStore(storeId, spaceId))
    const { userId: startedById, request } = viewer
    await tx.query(insertReembedding({ id, spaceId, storeId, ...model, startedById, request }))
    return this.#get(tx, id)
  }

  /**
   * Ends a reembedding, under locks of the stores under which it comes no further: its store answers from now on, or is
   * retired. Few rows change, however many threads the space has; the worker drops what is left.
   */
  async end(
    tx: Transaction,
    { id, spaceId, storeId }: ReembeddingRecord,
    status: 'COMPLETED' | 'FAILED' | 'CANCELED',
    counts: FinalCounts,
  ): Promise<Ended> {
    const [asked] = await tx.query(endReembedding(id, status, counts))
    if (!asked) throw new Error(`Reembedding ${id} has ended already`)
    await tx.query(retireStores(spaceId, status === 'COMPLETED' ? 'ACTIVE' : 'BUILDING'))
    if (status === 'COMPLETED') await tx.query(activateStore(storeId))
    const ended = await this.#get(tx, id)
    announceReembedding(tx, this.bus, ended)
    announcePurge(tx, this.bus)
    const { organizationId, ...request } = asked
    return { ...ended, organizationId, request }
  }

  /** How far it came. */
  async count(tx: Queryable, { storeId }: ReembeddingRecord): Promise<FinalCounts> {
    const [counts] = await tx.query(sumBackfills(storeId))
    if (!counts) throw new Error('Sums are one row')
    return counts
  }

  /** Ends what is at work in a space before it is complete; nothing at work is no error. */
  async cancel(tx: Transaction, spaceId: string): Promise<ReembeddingRecord | null> {
    const running = await this.find(tx, spaceId)
    if (!running) return null
    // Workers lock them while they write: they end first, or find their store retired.
    await tx.query(lockStores(spaceId))
    return this.end(tx, running, 'CANCELED', await this.count(tx, running))
  }

  async #get(tx: Transaction, id: string): Promise<ReembeddingRecord> {
    const [row] = await tx.query(selectReembedding(id))
    if (!row) throw new Error(`Reembedding ${id} cannot be read`)
    return row
  }
}
