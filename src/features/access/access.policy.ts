import type { OrganizationRole, SpaceRole } from '../../generated/prisma/enums.js'
import { forbidden, type HeddleError } from '../../platform/errors.js'
import type { Viewer } from './viewer.js'

/** An organization or one of its projects, with the viewer's role. */
export interface OrganizationStanding {
  kind: 'organization'
  id: string
  role: OrganizationRole | null
}

export interface ThreadStanding {
  kind: 'thread'
  id: string
  ownerId: string
  role: OrganizationRole | null
}

export interface SpaceStanding {
  kind: 'space'
  id: string
  creatorId: string
  role: OrganizationRole | null
  /** granted to the viewer, or to its role in the organization */
  grants: readonly SpaceRole[]
}

export type Standing = OrganizationStanding | ThreadStanding | SpaceStanding

/** write: change contents. edit: add and remove a space's threads. manage: grant access, and delete. */
export type Action = 'write' | 'edit' | 'manage'

const WRITERS: readonly unknown[] = ['OWNER', 'ADMIN', 'MEMBER'] satisfies OrganizationRole[]
const ADMINISTRATORS: readonly unknown[] = ['OWNER', 'ADMIN'] satisfies OrganizationRole[]

/**
 * The one place that decides what may be done to what is visible; visibility itself is part of the SQL that reads.
 * Source: edit access as Aitronos defines it, write access as Kortix does.
 */
export function can(viewer: Viewer, action: Action, resource: Standing): boolean {
  // What a former member created stays with the organization, and gives that member no access.
  const isMember = resource.role !== null
  switch (resource.kind) {
    case 'organization':
      return (action === 'manage' ? ADMINISTRATORS : WRITERS).includes(resource.role)
    case 'thread':
      return (isMember && resource.ownerId === viewer.userId) || WRITERS.includes(resource.role)
    case 'space':
      return (
        (isMember && resource.creatorId === viewer.userId) ||
        ADMINISTRATORS.includes(resource.role) ||
        resource.grants.includes('OWNER') ||
        (action === 'edit' && resource.grants.includes('EDITOR'))
      )
  }
}

const REQUIRED: Record<Action, string> = {
  write: 'Write access required',
  edit: 'Edit access required',
  manage: 'Manage access required',
}

export function requireAllowed(viewer: Viewer, action: Action, resource: Standing): void {
  if (!can(viewer, action, resource)) throw denied(action, resource)
}

function denied(action: Action, { kind, id }: Standing): HeddleError {
  return forbidden(
    REQUIRED[action],
    `You can see this ${kind}, but you do not have ${action} access to it.`,
    {
      [`${kind}Id`]: id,
    },
  )
}
