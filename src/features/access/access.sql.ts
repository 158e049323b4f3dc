import type { OrganizationRole, SpaceRole } from '../../generated/prisma/enums.js'
import { empty, raw, type Statement, sql } from '../../platform/database.js'

/**
 * How a row is held until the transaction ends. `share`: it stays, its columns may change. `change`: nobody else
 * changes it. `update`: nobody else changes it or adds what refers to it.
 */
export type Lock = 'none' | 'share' | 'change' | 'update'

export interface ThreadAccessRow {
  id: string
  ownerId: string
  organizationId: string
  projectId: string | null
  deletedAt: Date | null
  role: OrganizationRole | null
  visible: boolean
  /** a permanent deletion is at work on it */
  isBeingPurged: boolean
}

export interface SpaceAccessRow {
  id: string
  organizationId: string
  creatorId: string
  /** where its vectors are */
  storeId: string
  embeddingModel: string
  embeddingDimensions: number
  role: OrganizationRole | null
  grants: SpaceRole[]
}

export interface OrganizationAccessRow {
  id: string
  role: OrganizationRole
}

export interface ProjectAccessRow {
  id: string
  organizationId: string
  role: OrganizationRole
}

const LOCKS: Record<Exclude<Lock, 'none'>, string> = {
  share: 'for key share',
  change: 'for no key update',
  update: 'for update',
}

function locking(lock: Lock, alias: string): Statement {
  return lock === 'none' ? empty : raw(`${LOCKS[lock]} of ${alias}`)
}

/** Not soft-deleted. Every live thread is listed: that is said for the indexes, where hidden ones then stand apart. */
export function threadLive(alias: string): Statement {
  const t = raw(alias)
  return sql`(${t}.listed and ${t}.deleted_at is null)`
}

/** Neither deleted nor a shadow, which nobody sees. A user's own grant asks for no more. */
export function spaceLive(alias: string): Statement {
  const s = raw(alias)
  return sql`${s}.deleted_at is null and ${s}.shadow_of is null`
}

/** Whether `viewerId` may read the live space `alias`. Needs nothing joined. */
export function spaceVisible(alias: string, viewerId: string): Statement {
  return sql`(${spaceLive(alias)} and ${spaceOpen(alias, viewerId)})`
}

/** The same, were the space live. */
function spaceOpen(alias: string, viewerId: string): Statement {
  const s = raw(alias)
  return sql`(
    ${s}.creator_id = ${viewerId}
    or ${s}.access_mode = 'PUBLIC'
    or exists (
      select 1 from member sm where sm.organization_id = ${s}.organization_id and sm.user_id = ${viewerId} and (
        ${s}.access_mode = 'ORGANIZATION' or sm.role in ('OWNER', 'ADMIN')
        or exists (select 1 from space_grant sg where sg.space_id = ${s}.id and sg.organization_role = sm.role)))
    or exists (select 1 from space_grant sg where sg.space_id = ${s}.id and sg.user_id = ${viewerId}))`
}

/** Whether `viewerId` may read the thread `alias`: a space that holds it shows its title and what a search finds, no more. */
export function threadReadable(alias: string, viewerId: string): Statement {
  const t = raw(alias)
  return sql`(${t}.owner_id = ${viewerId} or exists (
    select 1 from member rm where rm.organization_id = ${t}.organization_id and rm.user_id = ${viewerId}))`
}

/** The same for a thread by its id, whatever else a statement reads. */
export function readableThread(viewerId: string, threadId: string): Statement {
  return sql`exists (select 1 from thread rt where rt.id = ${threadId} and ${threadReadable('rt', viewerId)})`
}

export const selectThreadAccess = (viewerId: string, threadId: string, lock: Lock): Statement => sql`
  select t.id, t.owner_id as "ownerId", t.organization_id as "organizationId", t.project_id as "projectId",
    t.deleted_at as "deletedAt", m.role::text as role,
    (t.owner_id = ${viewerId} or m.role is not null) as visible,
    exists (select 1 from deletion_batch b where b.id = t.deletion_batch_id and b.state = 'PURGING') as "isBeingPurged"
  from thread t left join member m on m.organization_id = t.organization_id and m.user_id = ${viewerId}
  where t.id = ${threadId}
  ${locking(lock, 't')}`

export const selectSpaceAccess = (
  viewerId: string,
  spaceIds: readonly string[],
  lock: Lock,
): Statement => sql`
  select s.id, s.organization_id as "organizationId", s.creator_id as "creatorId",
    s.store_id as "storeId", s.embedding_model as "embeddingModel",
    s.embedding_dimensions as "embeddingDimensions", m.role::text as role,
    array(select g.role::text from space_grant g
      where g.space_id = s.id and (g.user_id = ${viewerId} or g.organization_role = m.role)) as grants
  from space s left join member m on m.organization_id = s.organization_id and m.user_id = ${viewerId}
  where s.id = any(${spaceIds}::text[]) and ${spaceVisible('s', viewerId)}
  ${locking(lock, 's')}`

/** For who may read the space, or could until it was deleted. */
export const selectSpaceState = (viewerId: string, spaceId: string): Statement => sql`
  select s.deleted_at is not null as "isDeleted" from space s
  where s.id = ${spaceId} and ${spaceOpen('s', viewerId)}`

export const selectOrganizationAccess = (viewerId: string, organizationId: string): Statement => sql`
  select organization_id as id, role::text as role from member
  where organization_id = ${organizationId} and user_id = ${viewerId}`

export const selectProjectAccess = (viewerId: string, projectId: string, lock: Lock): Statement => sql`
  select p.id, p.organization_id as "organizationId", m.role::text as role
  from project p join member m on m.organization_id = p.organization_id and m.user_id = ${viewerId}
  where p.id = ${projectId}
  ${locking(lock, 'p')}`

export const selectWritableOrganizations = (viewerId: string): Statement => sql`
  select organization_id as id, role::text as role from member
  where user_id = ${viewerId} and role <> 'VIEWER' order by created_at, organization_id limit 2`
