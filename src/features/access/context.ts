import type { Loaders } from '../../platform/graphql/loader.js'
import type { IdempotentCall } from '../../platform/idempotency/idempotency.js'
import type { RequestInfo } from '../../platform/request.js'
import type { Viewer } from './viewer.js'

/** What every resolver gets: the caller, and what this operation has loaded so far. */
export interface Context {
  /** Reading it throws UNAUTHENTICATED if there is no caller. */
  readonly viewer: Viewer
  readonly loaders: Loaders
  readonly request: RequestInfo
  /** For one mutation, which is done once per idempotency key. */
  calling(call: IdempotentCall | null): Context
}
