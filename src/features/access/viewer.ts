import { unauthenticated } from '../../platform/errors.js'
import type { IdempotentCall } from '../../platform/idempotency.js'
import type { Actor } from '../audit/audit.trail.js'

/** Who is calling, as its credential says. What it may do is asked of the access policy, never kept here. */
export interface Viewer extends Actor {
  /** the token's session (`sid`); null for API keys and for tokens without one */
  readonly sessionId: string | null
  /** when the credential ends; null: not by itself */
  readonly expiresAt: Date | null
  /** what an API key may be used for: nothing listed means everything */
  readonly scopes: readonly string[]
  /** the mutation that it asks for, when that must be done only once */
  readonly call: IdempotentCall | null
}

/** A subscription outlives the check at its start: each later look asks again. */
export function requireUnexpired(viewer: Viewer): void {
  if (viewer.expiresAt && viewer.expiresAt.getTime() <= Date.now())
    throw unauthenticated('Credential expired')
}
