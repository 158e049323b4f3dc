import { type Statement, sql } from '../../platform/database/database.js'

/** A link that joins an organization with another one, in one of its space's stores. */
export interface BorderLink {
  spaceId: string
  storeId: string
  threadId: string
  vectorCount: number
  hidden: boolean
}

/**
 * Links over the border of an organization, of one user's threads: only its owner takes a thread into a space of another
 * organization.
 */
function overBorder(organizationId: string, userId: string): Statement {
  return sql`
    from thread t join space_thread l on l.thread_id = t.id join space s on s.id = l.space_id
    where t.owner_id = ${userId} and (t.organization_id = ${organizationId}) <> (s.organization_id = ${organizationId})`
}

export const lockBorderThreads = (organizationId: string, userId: string): Statement => sql`
  select id from thread where id in (select t.id ${overBorder(organizationId, userId)})
  order by id for no key update`

export const lockBorderSpaces = (organizationId: string, userId: string): Statement => sql`
  select s.id from space s where s.id in (select s.id ${overBorder(organizationId, userId)})
  order by s.id for key share`

export const lockBorderLinks = (organizationId: string, userId: string): Statement<BorderLink> => sql`
  select l.space_id as "spaceId", m.store_id as "storeId", l.thread_id as "threadId", m.vector_count as "vectorCount", l.hidden
  from store_thread m join embedding_store a on a.id = m.store_id and a.state <> 'RETIRED'
    join (select l.* ${overBorder(organizationId, userId)}) l on l.space_id = a.space_id and l.thread_id = m.thread_id
  order by m.store_id, m.thread_id for update of m`

/** What was given to the user alone; what its role was given has gone with the role. */
export const deleteOwnGrants = (organizationId: string, userId: string): Statement => sql`
  delete from space_grant g using space s
  where s.id = g.space_id and s.organization_id = ${organizationId} and g.user_id = ${userId} returning g.id`

/** Memberships that a link between organizations stands on: they stay until the transaction ends. */
export const lockMemberships = (userId: string, organizationIds: readonly string[]): Statement => sql`
  select organization_id as id from member
  where user_id = ${userId} and organization_id = any(${organizationIds}::text[])
  order by organization_id for key share`
