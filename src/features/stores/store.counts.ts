import type { Transaction } from '../../platform/database/database.js'
import { addToCounts, lockCounts, type StoreShare } from './store.counts.sql.js'

/**
 * Changes what stores count. The last locks but the usage row: many threads of one store wait for one another here, and
 * nowhere else. Not in the statement that locks the threads or the counts: that one waits for workers, and the check for
 * negative counts, which comes before the look for newer rows, would meet counts that lack their vectors.
 */
export async function changeStoreCounts(
  tx: Transaction,
  shares: readonly StoreShare[],
  sign: 1 | -1,
): Promise<void> {
  if (shares.length > 1) await tx.query(lockCounts(shares.map(({ storeId }) => storeId)))
  if (shares.length > 0) await tx.query(addToCounts(shares, sign))
}
