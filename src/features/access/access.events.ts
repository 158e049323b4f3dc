import type { Bus } from '../../platform/bus.js'
import type { Queryable, Transaction } from '../../platform/database.js'
import { unauthenticated } from '../../platform/errors.js'
import { type ApiKeyState, selectApiKeyState } from './identity.sql.js'
import { requireUnexpired, type Viewer } from './viewer.js'

/**
 * How running subscriptions end when access is lost: each look at the rows asks for it again, and whoever takes access
 * away has those whom it may concern look at once, before they are told anything more.
 */

/** Whose access changed: that of one user, or of whoever comes to a space. */
export type AccessScope = { userId: string } | { spaceId: string }

const topicOf = (scope: AccessScope): string =>
  'userId' in scope ? `user-access:${scope.userId}` : `space-access:${scope.spaceId}`

export function announceAccess(tx: Transaction, bus: Bus, scope: AccessScope): void {
  tx.afterCommit(() => bus.publish(topicOf(scope), null))
}

/** Where a subscription of this viewer hears of it. */
export function accessTopics({ userId }: Viewer, spaceId: string): string[] {
  return [topicOf({ userId }), topicOf({ spaceId })]
}

/** A subscription outlives the check of its credential: whoever revokes a key need not know who uses it. */
export async function requireCredential(db: Queryable, viewer: Viewer): Promise<void> {
  requireUnexpired(viewer)
  if (viewer.apiKeyId === null) return
  const [key] = await db.query<ApiKeyState>(selectApiKeyState(viewer.apiKeyId))
  if (!key) throw unauthenticated('Invalid API key')
  if (key.isRevoked) throw unauthenticated('API key revoked')
  if (key.isExpired) throw unauthenticated('API key expired')
}
