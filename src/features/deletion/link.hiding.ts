import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { selectBackfills } from '../backfills/backfill.sql.js'
import { releasePending } from '../links/pending.sql.js'
import { changeStoreCounts } from '../stores/store.counts.js'
import { cancelBackfillsOf, hideLinks, type LinkSet } from './deletion.sql.js'

/**
 * Hides links of hidden threads from workers, ends their backfills, and subtracts them from their spaces' counts. Takes
 * locks in the same order as a worker that writes.
 */
export async function hideLinksOf(tx: Transaction, bus: Bus, set: LinkSet): Promise<void> {
  const shares = await tx.query(hideLinks(set))
  // Only links have running backfills.
  if (shares.length === 0) return
  await endBackfillsOf(tx, bus, set)
  await changeStoreCounts(tx, shares, -1)
}

async function endBackfillsOf(tx: Transaction, bus: Bus, set: LinkSet): Promise<void> {
  const canceled = await tx.query(cancelBackfillsOf(set))
  if (canceled.length === 0) return
  const ids = canceled.map(({ id }) => id)
  await tx.query(releasePending(ids))
  announceBackfills(tx, bus, await tx.query(selectBackfills(ids)))
}
