import type { OrganizationRole, SpaceRole } from '../../generated/prisma/enums.js'
import { empty, type Fragment, raw, sql } from '../../platform/database/database.js'

/**
 * Row locks, until the end of the transaction. `share`: the row cannot be deleted, its columns may change. `change`: nobody
 * else changes it. `update`: nobody else changes it or inserts references to it.
 */
export type Lock = 'none' | 'share' | 'change' | 'update'

export interface ThreadAccessRow {
  id: string
  ownerId: string
  organizationId: string
  projectId: string | null
  deletedAt: Date | null
  role: OrganizationRole | null
  /** a permanent deletion is running */
  isBeingPurged: boolean
}

export interface SpaceAccessRow {
  id: string
  organizationId: string
  creatorId: string
  /** where its vectors are; whoever waited for the space's lock reads it anew */
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

function locking(lock: Lock, alias: string): Fragment {
  return lock === 'none' ? empty : raw(`${LOCKS[lock]} of ${alias}`)
}

/** Not soft-deleted. Every live thread is `listed`: repeating it lets the planner use the indexes of listed threads. */
export function threadLive(alias: string): Fragment {
  const t = raw(alias)
  return sql`(${t}.listed and ${t}.deleted_at is null)`
}

/** Not deleted. A user's own grant asks for no more. */
export function spaceLive(alias: string): Fragment {
  return sql`${raw(alias)}.deleted_at is null`
}

/** Whether the membership `alias` counts if its user names no organization: invitations add nothing to lists. */
export function hasAccepted(alias: string): Fragment {
  return sql`${raw(alias)}.accepted_at is not null`
}

/** Whether `viewerId` may read the live space `alias`. Needs no joins. */
export function spaceVisible(alias: string, viewerId: string): Fragment {
  return sql`(${spaceLive(alias)} and ${spaceOpen(alias, viewerId)})`
}

/** The same regardless of whether the space is live. */
function spaceOpen(alias: string, viewerId: string | Fragment): Fragment {
  const s = raw(alias)
  return sql`(
    ${s}.access_mode = 'PUBLIC'
    or exists (
      select 1 from member sm where sm.organization_id = ${s}.organization_id and sm.user_id = ${viewerId} and (
        ${s}.creator_id = ${viewerId} or ${s}.access_mode = 'ORGANIZATION' or sm.role in ('OWNER', 'ADMIN')
        or exists (select 1 from space_grant sg where sg.space_id = ${s}.id and sg.organization_role = sm.role)))
    or exists (select 1 from space_grant sg where sg.space_id = ${s}.id and sg.user_id = ${viewerId}))`
}

/** Whether `viewerId` may read the thread `alias`. A space that contains it shows only its title and search results. */
export function threadReadable(alias: string, viewerId: string): Fragment {
  const t = raw(alias)
  return sql`exists (
    select 1 from member rm where rm.organization_id = ${t}.organization_id and rm.user_id = ${viewerId})`
}

/** A thread in any state that the viewer may read while it is live. Other threads are not locked. */
export const selectThreadAccess = (viewerId: string, threadId: string, lock: Lock) => sql<ThreadAccessRow>`
  select t.id, t.owner_id as "ownerId", t.organization_id as "organizationId", t.project_id as "projectId",
    t.deleted_at as "deletedAt", m.role,
    exists (select 1 from deletion_batch b where b.id = t.deletion_batch_id and b.state = 'PURGING') as "isBeingPurged"
  from thread t left join member m on m.organization_id = t.organization_id and m.user_id = ${viewerId}
  where t.id = ${threadId} and ${threadReadable('t', viewerId)}
  ${locking(lock, 't')}`

/** The viewer's relation to a thread that may be deleted. No row if the viewer could not read it. */
export const selectFormerThreadAccess = (viewerId: string, ownerId: string, organizationId: string) => sql<
  Pick<ThreadAccessRow, 'role'>
>`
  select m.role
  from (select ${ownerId}::text as owner_id, ${organizationId}::text as organization_id) t
  left join member m on m.organization_id = t.organization_id and m.user_id = ${viewerId}
  where ${threadReadable('t', viewerId)}`

const spaceAccess = (viewerId: string, join: Fragment): Fragment => sql`
  select s.id, s.organization_id as "organizationId", s.creator_id as "creatorId",
    a.id as "storeId", a.embedding_model as "embeddingModel",
    a.embedding_dimensions as "embeddingDimensions", m.role,
    array(select g.role::text from space_grant g
      where g.space_id = s.id and (g.user_id = ${viewerId} or g.organization_role = m.role)) as grants
  from space s ${join} embedding_store a on a.space_id = s.id and a.state = 'ACTIVE'
    left join member m on m.organization_id = s.organization_id and m.user_id = ${viewerId}`

export const selectSpaceAccess = (
  viewerId: string,
  spaceIds: readonly string[],
  lock: Lock,
) => sql<SpaceAccessRow>`
  ${spaceAccess(viewerId, sql`join`)}
  where s.id = any(${spaceIds}::text[]) and ${spaceVisible('s', viewerId)}
  ${locking(lock, 's')}`

/** What a subscription requires: its user, its key, and the space that must stay visible. */
export interface WatchPassRow {
  userId: string
  /** null: a token, which expires by itself */
  apiKeyId: string | null
  /** null: no space */
  spaceId: string | null
}

export interface RefusedPassRow {
  /** index of the pass in the list */
  index: number
  isKeyMissing: boolean
  isKeyRevoked: boolean
  isKeyExpired: boolean
  /** there is no space, or the user may see it */
  isOpen: boolean
}

/**
 * Passes that are no longer valid, because of their key or their space. Deleting a space invalidates none, so that
 * subscribers receive the end of what was in it.
 */
export const selectRefusedPasses = (passes: readonly WatchPassRow[]) => sql<RefusedPassRow>`
  select * from (
    select p.position::int - 1 as index, p.key_id is not null and k.id is null as "isKeyMissing",
      coalesce(k.revoked_at is not null, false) as "isKeyRevoked", coalesce(k.expires_at <= now(), false) as "isKeyExpired",
      p.space_id is null or coalesce(${spaceOpen('s', sql`p.user_id`)}, false) as "isOpen"
    from unnest(
      ${passes.map(({ userId }) => userId)}::text[], ${passes.map(({ apiKeyId }) => apiKeyId)}::text[],
      ${passes.map(({ spaceId }) => spaceId)}::text[]
    ) with ordinality as p (user_id, key_id, space_id, position)
    left join api_key k on k.id = p.key_id
    left join space s on s.id = p.space_id
  ) checked
  where "isKeyMissing" or "isKeyRevoked" or "isKeyExpired" or not "isOpen"`

/** The same for a space that may be deleted. */
export const selectFormerSpaceAccess = (viewerId: string, spaceId: string) => sql<SpaceAccessRow>`
  ${spaceAccess(viewerId, sql`left join`)}
  where s.id = ${spaceId} and ${spaceOpen('s', viewerId)}`

export const selectOrganizationAccess = (
  viewerId: string,
  organizationId: string,
) => sql<OrganizationAccessRow>`
  select organization_id as id, role from member
  where organization_id = ${organizationId} and user_id = ${viewerId}`

export const selectProjectAccess = (viewerId: string, projectId: string, lock: Lock) => sql<ProjectAccessRow>`
  select p.id, p.organization_id as "organizationId", m.role
  from project p join member m on m.organization_id = p.organization_id and m.user_id = ${viewerId}
  where p.id = ${projectId}
  ${locking(lock, 'p')}`
