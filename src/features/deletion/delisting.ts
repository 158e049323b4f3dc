import type { Database } from '../../platform/database/database.js'
import { delistThreads, markDelisted, selectListedBatch } from './delisting.sql.js'
import { selectBatchThreads, type ThreadPosition } from './purge/batch.threads.sql.js'

/** Tells workers that a deletion left hidden threads in the indexes that lists scan. */
export const DELISTING_TOPIC = 'delisting'

const MAX_THREADS_AT_ONCE = 1_000

/**
 * Sets `listed` to false for threads of large soft deletions, a batch at a time. The deletion itself changes no indexed
 * column, which makes it several times faster; until this worker is done, which the deletion triggers, lists skip over the
 * hidden threads. A restoration sets it back.
 */
export class Delisting {
  #batchId: string | null = null
  #after: ThreadPosition | null = null

  constructor(private readonly db: Database) {}

  /** @returns whether more may be left */
  async step(): Promise<boolean> {
    const [batch] = await this.db.query(selectListedBatch())
    if (!batch) return false
    if (batch.id !== this.#batchId) [this.#batchId, this.#after] = [batch.id, null]
    const met = await this.db.query(
      selectBatchThreads({ ...batch, threadId: null }, this.#after, MAX_THREADS_AT_ONCE),
    )
    // Listed ones come first.
    const listed = met.filter((thread) => thread.listed)
    const threadIds = listed.filter(({ isTaken }) => isTaken).map(({ id }) => id)
    if (threadIds.length > 0) await this.db.transaction((tx) => tx.query(delistThreads(batch.id, threadIds)))
    this.#after = listed.at(-1) ?? null
    if (listed.length < MAX_THREADS_AT_ONCE) await this.db.query(markDelisted(batch.id))
    return true
  }
}
