import type { Database } from '../../platform/database.js'
import {
  type BackfillRecord,
  selectActiveInSpace,
  selectChangedInSpace,
  selectSettledTime,
} from './backfill.sql.js'

/**
 * What one watcher has still to see of a space's backfills: those at work first, and at each further look those that
 * changed since the last one. A look costs what has changed, however many backfills the space ever had.
 */
export class SpaceChanges {
  /** every change before this time was read; null: nothing was */
  #settledAt: Date | null = null

  constructor(
    private readonly db: Database,
    private readonly spaceId: string,
  ) {}

  async read(): Promise<BackfillRecord[]> {
    const since = this.#settledAt
    // Before the rows: what is committed after this moment may be missing from them.
    const [settled] = await this.db.query<{ settledAt: Date }>(selectSettledTime())
    const rows = await this.db.query<BackfillRecord>(
      since ? selectChangedInSpace(this.spaceId, since) : selectActiveInSpace(this.spaceId),
    )
    // A transaction that begins to write late, having begun before the last look, would set it back.
    if (settled && (!since || settled.settledAt > since)) this.#settledAt = settled.settledAt
    return rows
  }
}
