import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import type { Viewer } from './viewer.js'

/**
 * How running subscriptions end when access is lost: each look at the rows asks for it again, and whoever takes access
 * away has those whom it may concern look at once, before they are told anything more.
 */

/** Whose access changed: that of one user, of whoever uses a key, or of whoever comes to a space. */
export type AccessScope = { userId: string } | { apiKeyId: string } | { spaceId: string }

function topicOf(scope: AccessScope): string {
  if ('userId' in scope) return `user-access:${scope.userId}`
  return 'apiKeyId' in scope ? `key-access:${scope.apiKeyId}` : `space-access:${scope.spaceId}`
}

export function announceAccess(tx: Transaction, bus: Bus, scope: AccessScope): void {
  tx.afterCommit(() => bus.publish(topicOf(scope), null))
}

/** Where what is open with this viewer's credential hears of it. */
export function credentialTopics({ userId, apiKeyId }: Viewer): string[] {
  return apiKeyId === null ? [topicOf({ userId })] : [topicOf({ userId }), topicOf({ apiKeyId })]
}

/** Where a subscription of this viewer hears of it. */
export function accessTopics(viewer: Viewer, spaceId: string): string[] {
  return [...credentialTopics(viewer), topicOf({ spaceId })]
}
