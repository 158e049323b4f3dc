import { type Statement, sql } from '../../platform/database.js'
import { olderThan, type Page } from '../../platform/page.js'

export interface OrganizationRecord {
  id: string
  name: string
  createdAt: Date
  /** whoever asked belongs to it */
  isMember: boolean
}

const columns = sql`o.id, o.name, o.created_at as "createdAt", true as "isMember"`

/** With its first owner. */
export const insertOrganization = (id: string, name: string, ownerId: string): Statement => sql`
  with o as (insert into organization (id, name) values (${id}, ${name}) returning *),
    owner as (insert into member (organization_id, user_id, role) select id, ${ownerId}, 'OWNER' from o)
  select ${columns} from o`

export const selectOrganizations = (ids: readonly string[], viewerId: string): Statement => sql`
  select o.id, o.name, o.created_at as "createdAt", m.user_id is not null as "isMember"
  from organization o left join member m on m.organization_id = o.id and m.user_id = ${viewerId}
  where o.id = any(${ids}::text[])`

export const listOrganizations = (userId: string, page: Page): Statement => sql`
  select ${columns} from member m join organization o on o.id = m.organization_id
  where m.user_id = ${userId} and ${olderThan(page, sql`o.created_at`, sql`o.id`)}
  order by o.created_at desc, o.id desc ${page.limit}`

/** Owners stay as they are while the last of them might be lowered. */
export const lockOwners = (organizationId: string): Statement => sql`
  select user_id as "userId" from member
  where organization_id = ${organizationId} and role = 'OWNER' order by user_id for update`
