import type { Transaction } from '../../platform/database/database.js'
import type { MembershipObserver } from '../organizations/membership.observer.js'
import type { LinkRemoval } from '../stores/link.removal.js'
import { changeStoreCounts } from '../stores/store.counts.js'
import type { StoreShare } from '../stores/store.counts.sql.js'
import {
  type BorderLink,
  deleteOwnGrants,
  lockBorderLinks,
  lockBorderSpaces,
  lockBorderThreads,
} from './departure.sql.js'

/**
 * What ends with a membership: grants that its user had in the organization's spaces, and links over the organization's
 * border. Its threads in spaces of other organizations would let it search on in what it may no longer read; its other
 * threads in spaces of this one would be read on where it can take them out no more. All else that it made stays.
 */
export class Departure implements MembershipObserver {
  constructor(private readonly removal: LinkRemoval) {}

  async ended(tx: Transaction, organizationId: string, userId: string): Promise<void> {
    if ((await tx.query(lockBorderThreads(organizationId, userId))).length > 0) {
      await tx.query(lockBorderSpaces(organizationId, userId))
      const links = await tx.query(lockBorderLinks(organizationId, userId))
      for (const { spaceId, threadId } of uniqueBy(
        links,
        ({ spaceId, threadId }) => `${spaceId} ${threadId}`,
      ))
        await this.removal.removeLink(tx, spaceId, threadId)
      await changeStoreCounts(tx, sharesOf(links), -1)
    }
    await tx.query(deleteOwnGrants(organizationId, userId))
  }
}

function uniqueBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Iterable<Row> {
  return new Map(rows.map((row) => [keyOf(row), row])).values()
}

/** A store counts no thread that is hidden. */
function sharesOf(links: readonly BorderLink[]): StoreShare[] {
  const shares = new Map<string, StoreShare>()
  for (const { storeId, vectorCount, hidden } of links) {
    if (hidden) continue
    const share = shares.get(storeId) ?? { storeId, threads: 0, vectors: 0 }
    shares.set(storeId, { storeId, threads: share.threads + 1, vectors: share.vectors + vectorCount })
  }
  return [...shares.values()]
}
