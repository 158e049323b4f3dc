import { type Statement, sql } from '../../platform/database.js'
import { spaceOrder } from '../purge/space.counts.sql.js'

/** A link that joins an organization with another one. */
export interface BorderLink {
  spaceId: string
  threadId: string
  vectorCount: number
  hidden: boolean
}

/**
 * Links over the border of an organization, of one user's threads: only its owner takes a thread into a space of another
 * organization. A shadow belongs to the organization of its space.
 */
function overBorder(organizationId: string, userId: string): Statement {
  return sql`
    from thread t join space_thread l on l.thread_id = t.id join space s on s.id = l.space_id
    where t.owner_id = ${userId} and (t.organization_id = ${organizationId}) <> (s.organization_id = ${organizationId})`
}

export const lockBorderThreads = (organizationId: string, userId: string): Statement => sql`
  select id from thread where id in (select t.id ${overBorder(organizationId, userId)})
  order by id for no key update`

export const holdBorderSpaces = (organizationId: string, userId: string): Statement => sql`
  select s.id from space s where s.id in (select s.id ${overBorder(organizationId, userId)})
  ${spaceOrder} for key share`

export const lockBorderLinks = (organizationId: string, userId: string): Statement => sql`
  select l.space_id as "spaceId", l.thread_id as "threadId", l.vector_count as "vectorCount", l.hidden
  ${overBorder(organizationId, userId)}
  order by l.space_id, l.thread_id for update of l`

/** What was given to the user alone; what its role was given has gone with the role. */
export const deleteOwnGrants = (organizationId: string, userId: string): Statement => sql`
  delete from space_grant g using space s
  where s.id = g.space_id and s.organization_id = ${organizationId} and g.user_id = ${userId} returning g.id`

/** Memberships that a link between organizations stands on: they stay until the transaction ends. */
export const holdMemberships = (userId: string, organizationIds: readonly string[]): Statement => sql`
  select organization_id as id from member
  where user_id = ${userId} and organization_id = any(${organizationIds}::text[])
  order by organization_id for key share`
