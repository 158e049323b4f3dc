import type { OrganizationRole, SpaceAccessMode, SpaceRole } from '../../generated/prisma/enums.js'
import { type Statement, sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'
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
  s.access_mode as "accessMode", a.embedding_model as "embeddingModel",
  a.embedding_dimensions as "embeddingDimensions", a.thread_count as "threadCount", a.vector_count::float8 as "vectorCount",
  a.last_activity_at as "lastActivityAt", s.created_at as "createdAt"`

/** With the store that answers, which every live space has. */
const withStore = sql`join embedding_store a on a.space_id = s.id and a.state = 'ACTIVE'`

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

/** With its first store. Returns no row when the id exists. */
export const insertSpace = (row: NewSpaceRow) => sql<SpaceRecord>`
  with s as (
      insert into space (id, organization_id, creator_id, name, description, access_mode)
      values (${row.id}, ${row.organizationId}, ${row.creatorId}, ${row.name}, ${row.description},
        ${row.accessMode}::space_access_mode)
      on conflict (id) do nothing returning *),
    a as (
      insert into embedding_store (id, space_id, embedding_model, embedding_dimensions, state)
      select s.id, s.id, ${row.embeddingModel}, ${row.embeddingDimensions}::int, 'ACTIVE' from s returning *)
  select ${columns} from s join a on a.space_id = s.id`

export const selectVisibleSpaces = (ids: readonly string[], viewerId: string) => sql<SpaceRecord>`
  select ${columns} from space s ${withStore} where s.id = any(${ids}::text[]) and ${spaceVisible('s', viewerId)}`

/** In an organization, else in all that the viewer has joined and those it was given access to; PUBLIC ones elsewhere are not listed. */
export const listSpaces = (viewerId: string, organizationId: string | null, page: Page): Statement => sql`
  select ${columns} from (${organizationId === null ? newestOfAll(viewerId, page) : newestOf(organizationId, viewerId, page)}) listed
    join space s on s.id = listed.id ${withStore}
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
    from space_thread l join space s on s.id = l.space_id ${withStore}
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

export const listGrants = (spaceIds: readonly string[]) => sql<GrantRecord>`
  select space_id as "spaceId", user_id as "userId", organization_role as "organizationRole", role
  from space_grant where space_id = any(${spaceIds}::text[]) order by created_at, id`

/** The row stays, marked; what was in the space goes. */
export const markSpaceDeleted = (spaceId: string): Statement => sql`
  update space set deleted_at = now() where id = ${spaceId}`
