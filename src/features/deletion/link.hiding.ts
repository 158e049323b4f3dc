import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import { type BackfillRecord, selectBackfills } from '../backfills/backfill.sql.js'
import { type SpaceShare, uncountShares } from '../purge/purge.sql.js'
import { releasePending } from '../spaces/pending.sql.js'
import { cancelBackfillsOf, hideLinks, type LinkSet } from './deletion.sql.js'

/**
 * Takes hidden threads out of their spaces' counts and of the workers' sight, and ends their backfills. Links before
 * backfills, as a worker that is about to write takes them: else each would wait for the other.
 */
export async function hideLinksOf(tx: Transaction, bus: Bus, set: LinkSet): Promise<void> {
  const shares = await tx.query<SpaceShare>(hideLinks(set))
  // A backfill is at work only for a link.
  if (shares.length === 0) return
  await tx.query(uncountShares(shares))
  const canceled = await tx.query<{ id: string }>(cancelBackfillsOf(set))
  if (canceled.length === 0) return
  const ids = canceled.map(({ id }) => id)
  await tx.query(releasePending(ids))
  announceBackfills(tx, bus, await tx.query<BackfillRecord>(selectBackfills(ids)))
}
