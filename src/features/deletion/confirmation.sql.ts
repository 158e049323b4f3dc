import { sql } from '../../platform/database.js'
import { type OwnThreads, owned } from './deletion.sql.js'

export interface OwnThreadsCounts {
  threadCount: number
  messageCount: number
  vectorCount: number
  projectCount: number
  sandboxCount: number
}

/** What a permanent deletion of all threads would delete, including projects that no other thread refers to. */
export const countOwnThreads = (own: OwnThreads) => sql<OwnThreadsCounts>`
  with own as materialized (select t.id, t.project_id, t.message_count from thread t where ${owned(own)}),
    emptied as (
      select p.id, p.sandbox_id from project p
      where p.id in (select project_id from own)
        and not exists (
          select 1 from thread o where o.project_id = p.id and not exists (select 1 from own where own.id = o.id)))
  select (select count(*)::int from own) as "threadCount",
    (select coalesce(sum(message_count), 0)::float8 from own) as "messageCount",
    (select coalesce(sum(l.vector_count), 0)::float8 from store_thread l join own on own.id = l.thread_id) as "vectorCount",
    (select count(*)::int from emptied) as "projectCount",
    (select count(sandbox_id)::int from emptied) as "sandboxCount"`

const CONFIRMATION_MINUTES = 10

export const insertConfirmation = (hash: string, userId: string, organizationId: string | null) => sql<{
  expiresAt: Date
}>`
  insert into deletion_confirmation (hash, user_id, organization_id, expires_at)
  values (${hash}, ${userId}, ${organizationId}, now() + make_interval(mins => ${CONFIRMATION_MINUTES}::int))
  returning expires_at as "expiresAt"`

/** A confirmation can be used once. */
export const takeConfirmation = (hash: string, userId: string, organizationId: string | null) => sql<{
  hash: string
}>`
  delete from deletion_confirmation
  where hash = ${hash} and user_id = ${userId} and organization_id is not distinct from ${organizationId}::text
    and expires_at > now()
  returning hash`
