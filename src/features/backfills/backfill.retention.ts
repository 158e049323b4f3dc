import type { Queryable } from '../../platform/database/database.js'
import { deleteEndedBackfills, type EndedBackfill } from './backfill.retention.sql.js'

const MAX_BACKFILLS_AT_ONCE = 1_000
// What stays is as much as there are links: it is passed over once a day, not in each round.
const BETWEEN_PASSES_MS = 86_400_000

/** Goes through the ended backfills from the oldest on, a part a call, and begins again a day after it came to the end. */
export class BackfillRetention {
  #after: EndedBackfill | null = null
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly db: Queryable,
    private readonly days: number,
  ) {}

  /** @returns whether more may be left */
  async remove(): Promise<boolean> {
    if (performance.now() - this.#endedAt < BETWEEN_PASSES_MS) return false
    const seen = await this.db.query(deleteEndedBackfills(this.days, this.#after, MAX_BACKFILLS_AT_ONCE))
    const isMore = seen.length === MAX_BACKFILLS_AT_ONCE
    this.#after = isMore ? (seen.at(-1) ?? null) : null
    if (!isMore) this.#endedAt = performance.now()
    return isMore
  }
}
