import type { Queryable } from '../../platform/database/database.js'
import { asMissing, notFound } from '../../platform/errors.js'
import { requireId, requireOrganizationId } from '../../platform/ids.js'
import { type Action, can, requireAllowed, type SpaceStanding, type ThreadStanding } from './access.policy.js'
import {
  type Lock,
  type OrganizationAccessRow,
  type ProjectAccessRow,
  type SpaceAccessRow,
  selectFormerSpaceAccess,
  selectFormerThreadAccess,
  selectOrganizationAccess,
  selectProjectAccess,
  selectSpaceAccess,
  selectThreadAccess,
  type ThreadAccessRow,
} from './access.sql.js'
import { requireUnexpired, type Viewer } from './viewer.js'

export type ThreadAccess = ThreadAccessRow & ThreadStanding
export type SpaceAccess = SpaceAccessRow & SpaceStanding

/**
 * Finds a resource for an action of the viewer: RESOURCE_NOT_FOUND if it is not visible, INSUFFICIENT_PERMISSIONS if the
 * action is not allowed. HTTP, WebSocket and workers all use these functions.
 */
export async function requireThread(
  tx: Queryable,
  viewer: Viewer,
  action: 'read' | 'write',
  threadId: string,
  lock: Lock = 'none',
): Promise<ThreadAccess> {
  const thread = await findThread(tx, viewer, threadId, lock)
  if (!thread || thread.deletedAt) throw notFound('Thread', { threadId })
  return allow(viewer, action, thread)
}

/** A live or soft-deleted thread. A soft-deleted one is visible only to those who could restore it. */
export async function requireRestorableThread(
  tx: Queryable,
  viewer: Viewer,
  threadId: string,
): Promise<ThreadAccess> {
  const thread = await findThread(tx, viewer, threadId)
  if (!thread || (thread.deletedAt && !can(viewer, 'write', thread))) throw notFound('Thread', { threadId })
  return allow(viewer, 'write', thread)
}

/** What remains known of a deleted thread. */
export type FormerThread = Pick<ThreadAccess, 'id' | 'ownerId' | 'organizationId'>

/** For the stored reply of the mutation that deleted the thread: requires what writing to it would have required. */
export async function requireFormerThread(
  tx: Queryable,
  viewer: Viewer,
  { id, ownerId, organizationId }: FormerThread,
): Promise<void> {
  const [row] = await tx.query(selectFormerThreadAccess(viewer.userId, ownerId, organizationId))
  if (!row) throw notFound('Thread', { threadId: id })
  allow(viewer, 'write', { kind: 'thread', id, ownerId, ...row })
}

export async function requireSpace(
  tx: Queryable,
  viewer: Viewer,
  action: 'read' | 'edit' | 'manage',
  spaceId: string,
  lock: Lock = 'none',
): Promise<SpaceAccess> {
  requireUnexpired(viewer)
  requireId('spaceId', spaceId)
  const [row] = await tx.query(selectSpaceAccess(viewer.userId, [spaceId], lock))
  if (!row) throw notFound('Space', { spaceId })
  return allow(viewer, action, { ...row, kind: 'space' })
}

/** The same for a space that may be deleted: for the stored reply of the mutation that deleted it. */
export async function requireFormerSpace(tx: Queryable, viewer: Viewer, spaceId: string): Promise<void> {
  const [row] = await tx.query(selectFormerSpaceAccess(viewer.userId, spaceId))
  if (!row) throw notFound('Space', { spaceId })
  allow(viewer, 'manage', { ...row, kind: 'space' })
}

export async function requireOrganization(
  tx: Queryable,
  viewer: Viewer,
  action: 'read' | 'write' | 'manage',
  organizationId: string,
): Promise<OrganizationAccessRow> {
  requireOrganizationId(organizationId)
  const [row] = await tx.query(selectOrganizationAccess(viewer.userId, organizationId))
  if (!row) throw notFound('Organization', { organizationId })
  return allow(viewer, action, { ...row, kind: 'organization' })
}

/** What may be done to a project is what may be done to its organization. */
export async function requireProject(
  tx: Queryable,
  viewer: Viewer,
  action: 'write',
  projectId: string,
  lock: Lock = 'none',
): Promise<ProjectAccessRow> {
  requireId('projectId', projectId)
  const [row] = await tx.query(selectProjectAccess(viewer.userId, projectId, lock))
  if (!row) throw notFound('Project', { projectId })
  allow(viewer, action, { kind: 'organization', id: row.organizationId, role: row.role })
  return row
}

/** What belongs to an invisible resource is reported as missing itself. */
export function hidden<Access>(
  resource: string,
  details: Record<string, unknown>,
  check: Promise<Access>,
): Promise<Access> {
  return check.catch((error: unknown) => {
    throw asMissing(error, resource, details)
  })
}

/** A thread in any state that the viewer could read while it was live; the caller decides what to reveal. */
export async function findThread(
  tx: Queryable,
  viewer: Viewer,
  threadId: string,
  lock: Lock = 'none',
): Promise<ThreadAccess | null> {
  requireUnexpired(viewer)
  requireId('threadId', threadId)
  const [row] = await tx.query(selectThreadAccess(viewer.userId, threadId, lock))
  return row ? { ...row, kind: 'thread' } : null
}

function allow<Resource extends Parameters<typeof can>[2]>(
  viewer: Viewer,
  action: 'read' | Action,
  resource: Resource,
): Resource {
  if (action !== 'read') requireAllowed(viewer, action, resource)
  return resource
}
