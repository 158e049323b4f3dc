import type { Bus } from '../../platform/bus.js'
import type { Database, Queryable, Transaction } from '../../platform/database.js'
import { recordAudit, system } from '../audit/audit.trail.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, selectBackfills } from '../backfills/backfill.sql.js'
import type { LinkService } from './link.service.js'
import type { ReembeddingShadow } from './reembedding.shadow.js'
import { lockLinks, lockSpace } from './reembedding.shadow.sql.js'
import { type FinalCounts, listFinishable, type ReembeddingRecord } from './reembedding.sql.js'
import {
  completeBackfills,
  deleteFailuresOf,
  deletePendingOf,
  exchangeStores,
  measureShadow,
  movePending,
  takeFailures,
  takeLinks,
  wakeBehindLinks,
} from './reembedding.switch.sql.js'

export type Finishable = Pick<ReembeddingRecord, 'id' | 'spaceId' | 'shadowId'>

/** Puts a new memory, once it is whole, in the place of the old one: in one transaction, by whichever node comes first. */
export class ReembeddingSwitch {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly shadow: ReembeddingShadow,
    private readonly links: LinkService,
  ) {}

  list(): Promise<Finishable[]> {
    return this.db.query(listFinishable())
  }

  /**
   * Looks without locks first: a look that finds the new memory behind holds nobody up.
   *
   * @returns whether the reembedding has ended
   */
  async finish(finishable: Finishable): Promise<boolean> {
    const { id, spaceId, shadowId } = finishable
    if (!(await this.#isWhole(this.db, finishable))) return false
    return this.db.transaction(async (tx) => {
      // The space before its shadow, like whoever adds a thread to both.
      for (const each of [spaceId, shadowId]) await tx.query(lockSpace(each))
      const running = await this.shadow.find(tx, spaceId)
      if (running?.id !== id) return true
      await tx.query(lockLinks(spaceId, shadowId))
      if (!(await this.#isWhole(tx, running))) return false
      await this.#end(tx, running, await this.shadow.count(tx, running))
      return true
    })
  }

  async #isWhole(tx: Queryable, { spaceId, shadowId }: Finishable): Promise<boolean> {
    await tx.query(wakeBehindLinks(shadowId))
    const [measured] = await tx.query<{ isWhole: boolean }>(measureShadow(spaceId, shadowId))
    return measured?.isWhole ?? false
  }

  /** A model that refused every message would leave a space without a memory: then the old one serves on. */
  async #end(tx: Transaction, running: ReembeddingRecord, counts: FinalCounts): Promise<void> {
    const { embedded, failed, total } = counts
    const isFailed = embedded === 0 && failed > 0
    if (!isFailed) await this.#exchange(tx, running)
    const final = {
      ...counts,
      skipped: total - embedded - failed,
      lastError: failed > 0 ? counts.lastError : null,
    }
    const ended = await this.shadow.end(tx, running, isFailed ? 'FAILED' : 'COMPLETED', final)
    const { id: reembeddingId, spaceId, model, dimensions } = ended
    await recordAudit(tx, system(ended.request), {
      action: isFailed ? 'space.reembedding-failed' : 'space.reembedded',
      targetType: 'space',
      targetId: spaceId,
      organizationId: ended.organizationId,
      details: { reembeddingId, model, dimensions, embedded, failed },
    })
  }

  async #exchange(tx: Transaction, { spaceId, shadowId }: ReembeddingRecord): Promise<void> {
    const completed = await tx.query<{ id: string }>(completeBackfills(spaceId, shadowId))
    await tx.query(deleteFailuresOf(spaceId))
    await tx.query(takeFailures(spaceId, shadowId))
    await tx.query(deletePendingOf(spaceId))
    await tx.query(movePending(spaceId, shadowId))
    await tx.query(takeLinks(spaceId, shadowId))
    await tx.query(exchangeStores(spaceId, shadowId))
    this.links.announceWork(tx)
    const rows = await tx.query<BackfillRecord>(selectBackfills(completed.map(({ id }) => id)))
    announceBackfills(tx, this.bus, rows)
  }
}
