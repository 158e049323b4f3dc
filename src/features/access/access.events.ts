import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import type { Viewer } from './viewer.js'

/**
 * How running subscriptions end when access is lost. Every round checks access again; a change that takes access away
 * publishes here, so that those it may concern are checked before they receive anything more.
 */

/** Whose access changed: one user's, that of all users of a key, or that of all viewers of a space. */
export type AccessScope = { userId: string } | { apiKeyId: string } | { spaceId: string }

function topicOf(scope: AccessScope): string {
  if ('userId' in scope) return `user-access:${scope.userId}`
  return 'apiKeyId' in scope ? `key-access:${scope.apiKeyId}` : `space-access:${scope.spaceId}`
}

export function announceAccess(tx: Transaction, bus: Bus, scope: AccessScope): void {
  tx.afterCommit(() => bus.publish(topicOf(scope), null))
}

/** Topics that may end a connection with this viewer's credential. */
export function credentialTopics({ userId, apiKeyId }: Viewer): string[] {
  return apiKeyId === null ? [topicOf({ userId })] : [topicOf({ userId }), topicOf({ apiKeyId })]
}

/** Topics that may end a subscription of this viewer. */
export function accessTopics(viewer: Viewer, spaceId: string): string[] {
  return [...credentialTopics(viewer), topicOf({ spaceId })]
}
