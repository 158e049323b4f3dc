import type { Loaders } from '../../platform/loader.js'
import type { Viewer } from './viewer.js'

/** What every resolver gets: who calls, and what this operation has loaded so far. */
export interface Context {
  /** Reading it throws UNAUTHENTICATED when nobody is signed in. */
  readonly viewer: Viewer
  readonly loaders: Loaders
}
