import type { Transaction } from '../../platform/database.js'
import { addToCounts, lockCounts, type SpaceShare } from './space.counts.sql.js'

/**
 * Updates the counts of spaces. Locked last, except for the usage row, because many links of one space wait for each other
 * here and nowhere else. Not in the statement that locks links or counts: it may wait for workers, and its check for
 * negative counts runs before newer row versions are seen, so it would reject counts that lack recent vectors.
 */
export async function changeSpaceCounts(
  tx: Transaction,
  shares: readonly SpaceShare[],
  sign: 1 | -1,
): Promise<void> {
  if (shares.length > 1) await tx.query(lockCounts(shares.map(({ spaceId }) => spaceId)))
  if (shares.length > 0) await tx.query(addToCounts(shares, sign))
}
