import type { OrganizationRole, SpaceAccessMode, SpaceRole } from '../../generated/prisma/enums.js'
import { type Statement, sql } from '../../platform/database.js'
import type { Page } from '../../platform/page.js'
import { olderThan } from '../../platform/page.sql.js'
import { hasAccepted, spaceLive, spaceVisible } from '../access/access.sql.js'

export interface SpaceRecord {
  id: string
  organizationId: string
  creatorId: string
  name: string
  description: string | null
  accessMode: SpaceAccessMode
  embeddingModel: string
  embeddingDimensions: number
  threadCount: number
  vectorCount: number
  lastActivityAt: Date
  createdAt: Date
}

const columns = sql`s.id, s.organization_id as "organizationId", s.creator_id as "creatorId", s.name, s.description,
  s.access_mode::text as "accessMode", s.embedding_model as "embeddingModel",
  s.embedding_dimensions as "embeddingDimensions", s.thread_count as "threadCount", s.vector_count::float8 as "vectorCount",
  s.last_activity_at as "lastActivityAt", s.created_at as "createdAt"`

export type NewSpaceRow = Pick<
  SpaceRecord,
  | 'id'
  | 'organizationId'
  | 'creatorId'
  | 'name'
  | 'description'
  | 'accessMode'
  | 'embeddingModel'
  | 'embeddingDimensions'
>

/** Returns no row when the id exists. */
export const insertSpace = (row: NewSpaceRow): Statement => sql`
  insert into space as s (id, store_id, organization_id, creator_id, name, description, access_mode, embedding_model,
    embedding_dimensions)
  values (${row.id}, ${row.id}, ${row.organizationId}, ${row.creatorId}, ${row.name}, ${row.description},
    ${row.accessMode}::space_access_mode, ${row.embeddingModel}, ${row.embeddingDimensions}::int)
  on conflict (id) do nothing
  returning ${columns}`

export const selectVisibleSpaces = (ids: readonly string[], viewerId: string): Statement => sql`
  select ${columns} from space s where s.id = any(${ids}::text[]) and ${spaceVisible('s', viewerId)}`

/** In an organization, else in all that the viewer has joined and those it was given access to; PUBLIC ones elsewhere are not listed. */
export const listSpaces = (viewerId: string, organizationId: string | null, page: Page): Statement => sql`
  select ${columns} from (${organizationId === null ? newestOfAll(viewerId, page) : newestOf(organizationId, viewerId, page)}) listed
    join space s on s.id = listed.id
  order by s.created_at desc, s.id desc`

const newest = (shown: Statement, page: Page): Statement => sql`
  ${shown} and ${olderThan(page, sql`s.created_at`, sql`s.id`)}
  order by s.created_at desc, s.id desc ${page.limit}`

const newestOf = (organizationId: string, viewerId: string, page: Page): Statement =>
  sql`select s.id from space s where s.organization_id = ${organizationId} and ${newest(spaceVisible('s', viewerId), page)}`

/** A page of each organization and of what was granted, so that spaces that concern nobody here are not looked at. */
const newestOfAll = (viewerId: string, page: Page): Statement => sql`
  select id from (
    (select s.id, s.created_at from member mine cross join lateral (
        select s.id, s.created_at from space s
        where s.organization_id = mine.organization_id and ${newest(spaceVisible('s', viewerId), page)}) s
      where mine.user_id = ${viewerId} and ${hasAccepted('mine')})
    union
    (select s.id, s.created_at from space_grant mine join space s on s.id = mine.space_id
      where mine.user_id = ${viewerId} and ${newest(spaceLive('s'), page)})) found
  order by created_at desc, id desc ${page.limit}`

export type SpaceOfThread = SpaceRecord & { threadId: string; addedAt: Date }

/** A page of the visible spaces that hold each thread, by the time it was added. */
export const listSpacesOfThreads = (
  viewerId: string,
  threadIds: readonly string[],
  page: Page,
): Statement => sql`
  select found.* from unnest(${threadIds}::text[]) as parent (id) cross join lateral (
    select ${columns}, l.thread_id as "threadId", l.added_at as "addedAt"
    from space_thread l join space s on s.id = l.space_id
    where l.thread_id = parent.id and ${spaceVisible('s', viewerId)}
      and ${olderThan(page, sql`l.added_at`, sql`l.space_id`)}
    order by l.added_at desc, l.space_id desc ${page.limit}) found
  order by found."threadId", found."addedAt" desc, found.id desc`

export interface GrantRecord {
  spaceId: string
  userId: string | null
  organizationRole: OrganizationRole | null
  role: SpaceRole
}

export const listGrants = (spaceIds: readonly string[]): Statement => sql`
  select space_id as "spaceId", user_id as "userId", organization_role::text as "organizationRole", role::text as role
  from space_grant where space_id = any(${spaceIds}::text[]) order by created_at, id`

/** The row stays, marked; what was in the space is deleted beside it. */
export const markSpaceDeleted = (spaceId: string): Statement => sql`
  update space set deleted_at = now(), thread_count = 0, vector_count = 0, last_activity_at = now()
  where id = ${spaceId} returning id`
