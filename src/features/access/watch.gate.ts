import type { Queryable } from '../../platform/database/database.js'
import { type HeddleError, notFound, unauthenticated } from '../../platform/errors.js'
import type { Gate } from '../../platform/events/watch.kind.js'
import { accessTopics } from './access.events.js'
import { type RefusedPassRow, selectRefusedPasses } from './access.sql.js'
import { findExpiry, type Viewer } from './viewer.js'

/** What a subscription depends on: a credential, and the visibility of a space. */
export interface WatchPass {
  readonly viewer: Viewer
  /** null: only the credential is checked */
  readonly spaceId: string | null
}

/**
 * Subscriptions outlive the checks at their start, so every round checks them again. Revoking a key requires no knowledge
 * of who uses it.
 */
export class WatchGate implements Gate<WatchPass> {
  constructor(private readonly db: Queryable) {}

  keyOf({ viewer: { userId, apiKeyId, expiresAt }, spaceId }: WatchPass): string {
    return JSON.stringify([userId, apiKeyId, expiresAt, spaceId])
  }

  topicsOf({ viewer, spaceId }: WatchPass): string[] {
    return spaceId === null ? [] : accessTopics(viewer, spaceId)
  }

  async refused(passes: readonly WatchPass[]): Promise<Map<string, Error>> {
    const refused = new Map<string, Error>()
    const rows = passes.map(({ viewer: { userId, apiKeyId }, spaceId }) => ({ userId, apiKeyId, spaceId }))
    for (const row of await this.db.query(selectRefusedPasses(rows))) {
      const pass = passes[row.index] as WatchPass
      refused.set(this.keyOf(pass), reasonOf(row, pass))
    }
    for (const pass of passes) {
      const error = findExpiry(pass.viewer)
      if (error) refused.set(this.keyOf(pass), error)
    }
    return refused
  }
}

function reasonOf(
  { isKeyMissing, isKeyRevoked, isKeyExpired }: RefusedPassRow,
  { spaceId }: WatchPass,
): HeddleError {
  if (isKeyMissing) return unauthenticated('Invalid API key')
  if (isKeyRevoked) return unauthenticated('API key revoked')
  if (isKeyExpired) return unauthenticated('API key expired')
  return notFound('Space', { spaceId })
}
