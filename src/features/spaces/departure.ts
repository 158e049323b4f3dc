import type { Transaction } from '../../platform/database.js'
import type { MembershipObserver } from '../organizations/membership.observer.js'
import type { PurgeService } from '../purge/purge.service.js'
import { changeSpaceCounts } from '../purge/space.counts.js'
import type { SpaceShare } from '../purge/space.counts.sql.js'
import {
  type BorderLink,
  deleteOwnGrants,
  holdBorderSpaces,
  lockBorderLinks,
  lockBorderThreads,
} from './departure.sql.js'

/**
 * What ends with a membership: grants that its user had in the organization's spaces, and links over the organization's
 * border. Its threads in spaces of other organizations would let it search on in what it may no longer read; its other
 * threads in spaces of this one would be read on where it can take them out no more. All else that it made stays.
 */
export class Departure implements MembershipObserver {
  constructor(private readonly purges: PurgeService) {}

  async ended(tx: Transaction, organizationId: string, userId: string): Promise<void> {
    if ((await tx.query(lockBorderThreads(organizationId, userId))).length > 0) {
      await tx.query(holdBorderSpaces(organizationId, userId))
      const links = await tx.query<BorderLink>(lockBorderLinks(organizationId, userId))
      for (const { spaceId, threadId } of links) await this.purges.removeLinks(tx, spaceId, threadId)
      await changeSpaceCounts(tx, sharesOf(links), -1)
    }
    await tx.query(deleteOwnGrants(organizationId, userId))
  }
}

/** A space counts no thread that is hidden. */
function sharesOf(links: readonly BorderLink[]): SpaceShare[] {
  const shares = new Map<string, SpaceShare>()
  for (const { spaceId, vectorCount, hidden } of links) {
    if (hidden) continue
    const share = shares.get(spaceId) ?? { spaceId, threads: 0, vectors: 0 }
    shares.set(spaceId, { spaceId, threads: share.threads + 1, vectors: share.vectors + vectorCount })
  }
  return [...shares.values()].sort((a, b) => (a.spaceId < b.spaceId ? -1 : 1))
}
