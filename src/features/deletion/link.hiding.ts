import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, selectBackfills } from '../backfills/backfill.sql.js'
import { changeSpaceCounts } from '../purge/space.counts.js'
import { releasePending } from '../spaces/pending.sql.js'
import { cancelBackfillsOf, hideLinks, type LinkSet } from './deletion.sql.js'

/**
 * Takes hidden threads out of the workers' sight, ends their backfills, and takes them out of their spaces' counts: in
 * the order in which a worker that is about to write takes the same locks.
 */
export async function hideLinksOf(tx: Transaction, bus: Bus, set: LinkSet): Promise<void> {
  const shares = await tx.query(hideLinks(set))
  // A backfill is at work only for a link.
  if (shares.length === 0) return
  await endBackfillsOf(tx, bus, set)
  await changeSpaceCounts(tx, shares, -1)
}

async function endBackfillsOf(tx: Transaction, bus: Bus, set: LinkSet): Promise<void> {
  const canceled = await tx.query(cancelBackfillsOf(set))
  if (canceled.length === 0) return
  const ids = canceled.map(({ id }) => id)
  await tx.query(releasePending(ids))
  announceBackfills(tx, bus, await tx.query<BackfillRecord>(selectBackfills(ids)))
}
