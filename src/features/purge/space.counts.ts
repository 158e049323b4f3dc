import type { Transaction } from '../../platform/database.js'
import { addToCounts, lockCounts, type SpaceShare } from './space.counts.sql.js'

/**
 * Changes what spaces count. The last locks but the usage row: many links of one space wait for one another here, and
 * nowhere else. Not in the statement that locks the links or the counts: that one waits for workers, and the check for
 * negative counts, which comes before the look for newer rows, would meet counts that lack their vectors.
 */
export async function changeSpaceCounts(
  tx: Transaction,
  shares: readonly SpaceShare[],
  sign: 1 | -1,
): Promise<void> {
  if (shares.length > 1) await tx.query(lockCounts(shares.map(({ spaceId }) => spaceId)))
  if (shares.length > 0) await tx.query(addToCounts(shares, sign))
}
