import type { Scope } from '../../src/features/access/scope.table.js'
import type { Caller, Refusal, Standing } from './access.callers.js'

/** The rules of access as a table of its own, without a look at how Heddle asks for them. */

export type Action = 'read' | 'write' | 'edit' | 'manage'
export type Resource = 'organization' | 'membership' | 'thread' | 'space' | 'own'

/** One thing that an operation needs: something done to something, which is called so when it is not found. */
export interface Need {
  action: Action
  of: Resource
  missing: string
}

export interface Needs {
  /** in the order in which they are asked for; none: a credential is enough */
  needs: readonly Need[]
  /** how a soft-deleted thing is seen: by nobody (default), by who may do this to it, or like any other */
  deletedIsSeenBy?: 'nobody' | 'allowed' | 'all'
  /** nobody does it on behalf of another */
  isOwnDeed?: true
}

export type OperationKind = 'query' | 'mutation' | 'subscription'

/** Of what an operation names: there, of another tenant, not there, soft-deleted. */
export type State = 'exists' | 'foreign' | 'missing' | 'deleted'

/** Whether access was given: what is refused for its state is too. */
export const PASSES = 'passes'
export const MISSING = 'RESOURCE_NOT_FOUND'

const BY_ROLE = {
  OWNER: ['read', 'write', 'manage'],
  ADMIN: ['read', 'write', 'manage'],
  MEMBER: ['read', 'write'],
  VIEWER: ['read'],
} satisfies Record<string, Action[]>

const BY_GRANT = {
  OWNER: ['read', 'edit', 'manage'],
  EDITOR: ['read', 'edit'],
  VIEWER: ['read'],
} satisfies Record<string, Action[]>

const EVERYTHING: Action[] = ['read', 'write', 'edit', 'manage']

/** What somebody may do to a thing that is there. The spaces are private. */
function rights({ role, isCreator, grant }: Standing, resource: Resource): readonly Action[] {
  switch (resource) {
    case 'organization':
    case 'thread':
      return role === null ? [] : BY_ROLE[role]
    case 'membership':
      return role === null ? [] : EVERYTHING
    case 'space':
      if (isCreator || role === 'OWNER' || role === 'ADMIN') return EVERYTHING
      return grant === null ? [] : BY_GRANT[grant]
    case 'own':
      return isCreator ? EVERYTHING : []
  }
}

/**
 * What is said of a key's scopes, and then of each need in turn: first whether its thing is seen, then what may be done
 * to it.
 */
export function expectation(
  { is }: Caller,
  scopes: readonly Scope[],
  { needs, deletedIsSeenBy, isOwnDeed }: Needs,
  state: State,
): string {
  if (isRefusal(is)) return `UNAUTHENTICATED ${is.unauthenticated}`
  const lacking = scopes.find((scope) => is.scopes !== null && !is.scopes.includes(scope))
  if (lacking) return `INSUFFICIENT_PERMISSIONS Scope ${lacking} required`
  if (isOwnDeed && is.isServed) return 'INSUFFICIENT_PERMISSIONS Own credential required'
  for (const { action, of, missing } of needs) {
    const allowed = rights(is, of)
    const isSeen =
      state === 'exists' ||
      (state === 'deleted' && deletedIsSeenBy === 'all') ||
      (state === 'deleted' && deletedIsSeenBy === 'allowed' && allowed.includes(action))
    if (!isSeen || !allowed.includes('read')) return `${MISSING} ${missing} not found`
    if (!allowed.includes(action)) return `INSUFFICIENT_PERMISSIONS ${capital(action)} access required`
  }
  return PASSES
}

export function isRefusal(is: Standing | Refusal): is is Refusal {
  return 'unauthenticated' in is
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
