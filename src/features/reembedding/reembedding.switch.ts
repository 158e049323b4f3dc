import type { Database, Queryable, Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { recordAudit, system } from '../audit/audit.trail.js'
import { announceBackfills, WORK_TOPIC } from '../backfills/backfill.events.js'
import { selectBackfills } from '../backfills/backfill.sql.js'
import type { LinkService } from '../links/link.service.js'
import { lockStores } from '../stores/link.removal.sql.js'
import {
  type FinalCounts,
  type Finishable,
  listFinishable,
  type ReembeddingRecord,
} from '../stores/reembedding.sql.js'
import type { StoreBuilder } from '../stores/store.builder.js'
import { lockSpace } from '../stores/store.sql.js'
import {
  completeBackfills,
  listBehind,
  measureStore,
  selectWriters,
  wakeBehind,
} from './reembedding.switch.sql.js'

/** Puts a new memory, once it is whole, in the place of the old one: in one transaction, by whichever node comes first. */
export class ReembeddingSwitch {
  /** by re-embedding: who has been writing since it was first looked at; null: every thread that is behind is due */
  #writers = new Map<string, readonly string[] | null>()

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly builder: StoreBuilder,
    private readonly links: LinkService,
  ) {}

  async list(): Promise<Finishable[]> {
    const finishable = await this.db.query(listFinishable())
    const known = finishable.flatMap(({ id }) => {
      const writers = this.#writers.get(id)
      return writers === undefined ? [] : [[id, writers] as const]
    })
    this.#writers = new Map(known)
    return finishable
  }

  /**
   * Looks without locks first: a look that finds the new memory behind holds nobody up.
   *
   * @returns whether the reembedding has ended
   */
  async finish(finishable: Finishable): Promise<boolean> {
    const { id, spaceId } = finishable
    if (!(await this.#isAwake(finishable)) || !(await this.#isWhole(this.db, finishable))) return false
    return this.db.transaction(async (tx) => {
      await tx.query(lockSpace(spaceId))
      const running = await this.builder.find(tx, spaceId)
      if (running?.id !== id) return true
      // Workers that write have ended, and others wait to learn which store answers.
      await tx.query(lockStores(spaceId))
      if (!(await this.#isWhole(tx, running))) return false
      await this.#end(tx, running, await this.builder.count(tx, running))
      return true
    })
  }

  /**
   * Whoever was appending while the store was opened may not have seen it: a thread may be behind without being due until
   * they have committed. Whoever appends later wakes its thread in the store, too.
   */
  async #isAwake({ id, storeId }: Finishable): Promise<boolean> {
    const known = this.#writers.get(id)
    if (known === null) return true
    const writing = (await this.db.query(selectWriters())).map((writer) => writer.id)
    const left = known ? known.filter((writer) => writing.includes(writer)) : writing
    // After the look at who writes: what they have committed shows here.
    const behind = (await this.db.query(listBehind(storeId))).map(({ threadId }) => threadId)
    if (behind.length > 0) {
      await this.db.query(wakeBehind(storeId, behind))
      this.bus.publish(WORK_TOPIC, null)
    }
    const isAwake = left.length === 0 && behind.length === 0
    this.#writers.set(id, isAwake ? null : left)
    return isAwake
  }

  async #isWhole(tx: Queryable, { spaceId, storeId }: Finishable): Promise<boolean> {
    const [measured] = await tx.query(measureStore(spaceId, storeId))
    return measured?.isWhole ?? false
  }

  /** A model that refused every message would leave a space without a memory: then the old one serves on. */
  async #end(tx: Transaction, running: ReembeddingRecord, counts: FinalCounts): Promise<void> {
    const { embedded, failed, total } = counts
    const isFailed = embedded === 0 && failed > 0
    if (!isFailed) await this.#completeBackfills(tx, running)
    const final = {
      ...counts,
      skipped: total - embedded - failed,
      lastError: failed > 0 ? counts.lastError : null,
    }
    const ended = await this.builder.end(tx, running, isFailed ? 'FAILED' : 'COMPLETED', final)
    const { id: reembeddingId, spaceId, model, dimensions } = ended
    await recordAudit(tx, system(ended.request), {
      action: isFailed ? 'space.reembedding-failed' : 'space.reembedded',
      targetType: 'space',
      targetId: spaceId,
      organizationId: ended.organizationId,
      details: { reembeddingId, model, dimensions, embedded, failed },
    })
  }

  async #completeBackfills(tx: Transaction, { spaceId, storeId }: ReembeddingRecord): Promise<void> {
    const completed = await tx.query(completeBackfills(spaceId, storeId))
    this.links.announceWork(tx)
    const rows = await tx.query(selectBackfills(completed.map(({ id }) => id)))
    announceBackfills(tx, this.bus, rows)
  }
}
