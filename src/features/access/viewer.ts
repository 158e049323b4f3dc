import { type HeddleError, unauthenticated } from '../../platform/errors.js'
import type { IdempotentCall } from '../../platform/idempotency.js'
import type { Actor } from '../audit/audit.trail.js'

/** Who is calling, as its credential says. What it may do is asked of the access policy, never kept here. */
export interface Viewer extends Actor {
  /** the token's session (`sid`); null for API keys and for tokens without one */
  readonly sessionId: string | null
  /** when the credential ends; null: not by itself */
  readonly expiresAt: Date | null
  /** what an API key may be used for: nothing listed means everything but acting for others */
  readonly scopes: readonly string[]
  /** the mutation that it asks for, when that must be done only once */
  readonly call: IdempotentCall | null
}

export function requireUnexpired(viewer: Viewer): void {
  const expired = findExpiry(viewer)
  if (expired) throw expired
}

export function findExpiry({ expiresAt }: Viewer): HeddleError | null {
  return expiresAt && expiresAt.getTime() <= Date.now() ? unauthenticated('Credential expired') : null
}
