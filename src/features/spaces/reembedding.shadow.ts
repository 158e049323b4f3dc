import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import { mintId } from '../../platform/ids.js'
import type { RequestIds } from '../../platform/request.js'
import type { Viewer } from '../access/viewer.js'
import type { EmbeddingModel } from '../embedders/embedders.js'
import { announceReembedding } from './reembedding.events.js'
import {
  emptyShadow,
  insertShadow,
  insertShadowLinks,
  lockLinks,
  lockSpace,
} from './reembedding.shadow.sql.js'
import {
  countShadow,
  type EndedReembedding,
  endReembedding,
  type FinalCounts,
  insertReembedding,
  type ReembeddingRecord,
  selectReembedding,
  selectRunningReembedding,
} from './reembedding.sql.js'

type Ended = ReembeddingRecord & Pick<EndedReembedding, 'organizationId'> & { request: RequestIds }

/**
 * The shadow of a space: a hidden space in which another model's memory is built. Whoever calls these methods holds the
 * space for update, so that nobody adds to it or takes from it meanwhile.
 */
export class ReembeddingShadow {
  constructor(private readonly bus: Bus) {}

  /** @returns the reembedding that is at work in the space */
  async find(tx: Transaction, spaceId: string): Promise<ReembeddingRecord | null> {
    const [running] = await tx.query<ReembeddingRecord>(selectRunningReembedding(spaceId))
    return running ?? null
  }

  /** In a fixed number of statements, however many threads the space has. */
  async open(
    tx: Transaction,
    viewer: Viewer,
    spaceId: string,
    model: EmbeddingModel,
  ): Promise<ReembeddingRecord> {
    const [id, shadowId] = [mintId('remb'), mintId('space')]
    await tx.query(insertShadow(shadowId, spaceId, model))
    await tx.query(insertShadowLinks(shadowId, spaceId))
    const { userId: startedById, request } = viewer
    await tx.query(insertReembedding({ id, spaceId, shadowId, ...model, startedById, request }))
    return this.#get(tx, id)
  }

  /** How far it came, under locks under which it comes no further; its links are locked. */
  async count(tx: Transaction, { shadowId }: ReembeddingRecord): Promise<FinalCounts> {
    const [counts] = await tx.query<FinalCounts>(countShadow(shadowId))
    if (!counts) throw new Error('Sums of a shadow are one row')
    return counts
  }

  /** Leaves nothing of the shadow but the store that it has now, which the purge drops. */
  async end(
    tx: Transaction,
    { id, shadowId }: ReembeddingRecord,
    status: 'COMPLETED' | 'FAILED' | 'CANCELED',
    counts: FinalCounts,
  ): Promise<Ended> {
    const [asked] = await tx.query<EndedReembedding>(endReembedding(id, status, counts))
    if (!asked) throw new Error(`Reembedding ${id} has ended already`)
    await tx.query(emptyShadow(shadowId))
    const ended = await this.#get(tx, id)
    announceReembedding(tx, this.bus, ended)
    const { organizationId, ...request } = asked
    return { ...ended, organizationId, request }
  }

  /** Ends what is at work in a space before it is complete; nothing at work is no error. */
  async cancel(tx: Transaction, spaceId: string): Promise<ReembeddingRecord | null> {
    const running = await this.find(tx, spaceId)
    if (!running) return null
    // Workers hold it while they write: they end first, or find it gone.
    await tx.query(lockSpace(running.shadowId))
    await tx.query(lockLinks(spaceId, running.shadowId))
    return this.end(tx, running, 'CANCELED', await this.count(tx, running))
  }

  async #get(tx: Transaction, id: string): Promise<ReembeddingRecord> {
    const [row] = await tx.query<ReembeddingRecord>(selectReembedding(id))
    if (!row) throw new Error(`Reembedding ${id} cannot be read`)
    return row
  }
}
