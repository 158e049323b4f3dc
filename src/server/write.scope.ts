import type { Viewer } from '../features/access/viewer.js'
import { forbidden } from '../platform/errors.js'

/** An API key that lists scopes may change something only when it lists `write`; one that lists none may do all. */
export function requireWriteScope({ scopes }: Viewer): void {
  if (scopes.length === 0 || scopes.includes('write')) return
  throw forbidden('Write scope required', 'This API key may read, but not change anything.', {})
}
