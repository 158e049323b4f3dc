import { forbidden, type HeddleError } from '../../platform/errors.js'
import { SCOPE_TABLE, type Scope } from './scope.table.js'
import type { Viewer } from './viewer.js'

/** Throws INSUFFICIENT_PERMISSIONS with the first scope that the viewer's key lacks for the field `Type.field`. */
export function requireScopes({ scopes }: Viewer, field: string): void {
  if (scopes.length === 0) return
  const missing = (SCOPE_TABLE[field] ?? ['admin']).find((scope) => !scopes.includes(scope))
  if (missing !== undefined) throw missingScope(missing)
}

export function missingScope(scope: Scope): HeddleError {
  return forbidden(`Scope ${scope} required`, `This API key lacks the scope ${scope}.`, { scope })
}
