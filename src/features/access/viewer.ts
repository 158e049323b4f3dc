import { type HeddleError, unauthenticated } from '../../platform/errors.js'
import type { IdempotentCall } from '../../platform/idempotency/idempotency.js'
import type { Actor } from '../audit/audit.trail.js'

/** The caller, as identified by its credential. Its permissions are decided by the access policy, never stored here. */
export interface Viewer extends Actor {
  /** the token's session (`sid`); null for API keys and for tokens without one */
  readonly sessionId: string | null
  /** when the credential expires; null: never */
  readonly expiresAt: Date | null
  /** scopes of an API key; empty: everything except acting for others */
  readonly scopes: readonly string[]
  /** set if the mutation must run only once for its idempotency key */
  readonly call: IdempotentCall | null
}

export function requireUnexpired(viewer: Viewer): void {
  const expired = findExpiry(viewer)
  if (expired) throw expired
}

export function findExpiry({ expiresAt }: Viewer): HeddleError | null {
  return expiresAt && expiresAt.getTime() <= Date.now() ? unauthenticated('Credential expired') : null
}
