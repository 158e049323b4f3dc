import { type Statement, sql } from '../../platform/database.js'
import { spaceOrder } from './space.counts.sql.js'

/** Locked until the commit: no thread can be created in these projects, and a concurrent deletion of the other last thread waits. */
export const lockProjectsOf = (threadIds: readonly string[]): Statement => sql`
  select p.id from project p
  where p.id in (select t.project_id from thread t where t.id = any(${threadIds}::text[]))
  order by p.id for update`

/** Omits threads under a legal hold, which nothing may purge. */
export const lockPurgeable = (threadIds: readonly string[]): Statement => sql`
  select t.id, t.organization_id as "organizationId", t.project_id as "projectId", t.message_count as "messageCount",
    t.deletion_batch_id as "deletionBatchId"
  from thread t where t.id = any(${threadIds}::text[]) and not t.legal_hold
  order by t.id for update`

export interface PurgeableThread {
  id: string
  organizationId: string
  projectId: string | null
  messageCount: number
  deletionBatchId: string | null
}

/** Spaces must not be deleted while links in them are changed. */
export const holdSpacesOf = (threadIds: readonly string[]): Statement => sql`
  select s.id from space s
  where s.id in (select l.space_id from space_thread l where l.thread_id = any(${threadIds}::text[]))
  ${spaceOrder} for key share`

/** Locks the links of threads, and returns what their spaces count of them; hidden threads are not counted. */
export const lockCountedLinks = (threadIds: readonly string[]): Statement => sql`
  with links as (
    select space_id, vector_count, hidden from space_thread
    where thread_id = any(${threadIds}::text[]) order by space_id, thread_id for update)
  select space_id as "spaceId", count(*)::int as threads, sum(vector_count)::float8 as vectors
  from links where not hidden group by space_id order by space_id`

export interface DeletedProject {
  id: string
  organizationId: string
  sandboxId: string | null
}

/** A soft-deleted thread keeps its project. */
export const deleteEmptyProjects = (projectIds: readonly string[]): Statement => sql`
  delete from project p where p.id = any(${projectIds}::text[])
    and not exists (select 1 from thread t where t.project_id = p.id)
  returning p.id, p.organization_id as "organizationId", p.sandbox_id as "sandboxId"`

export interface RemovedLinks {
  removedThreadCount: number
  removedVectorCount: number
}

/** Links of a space, or one of them, with what is in the space's store of them. They, or their space, are locked. */
export const deleteLinks = (spaceId: string, threadId: string | null): Statement => {
  const ofThread = threadId === null ? sql`true` : sql`thread_id = ${threadId}`
  return sql`
    with links as (delete from space_thread where space_id = ${spaceId} and ${ofThread} returning 1),
      vectors as (
        delete from embedding where store_id = (select store_id from space where id = ${spaceId}) and ${ofThread}
        returning 1),
      failures as (delete from embedding_failure where space_id = ${spaceId} and ${ofThread}),
      pending as (delete from pending_embedding where space_id = ${spaceId} and ${ofThread})
    select (select count(*)::int from links) as "removedThreadCount",
      (select count(*)::float8 from vectors) as "removedVectorCount"`
}

export interface Trimmed {
  messages: number
  vectors: number
}

/**
 * Deletes a bounded part of a hidden thread, so that no transaction grows with the thread. Its links, which no space counts
 * any more, tell how many vectors are left.
 */
export const trimThread = (threadId: string, messages: number, vectors: number): Statement => sql`
  with gone_messages as (
      delete from message where id in (
        select id from message where thread_id = ${threadId} order by sequence limit ${messages}::int) returning 1),
    gone_vectors as (
      delete from embedding where ctid = any(array(
        select ctid from embedding where thread_id = ${threadId} limit ${vectors}::int)) returning store_id),
    trimmed as (
      update thread set message_count = message_count - (select count(*)::int from gone_messages)
      where id = ${threadId} returning 1),
    links as (
      update space_thread l set vector_count = l.vector_count - gone.count
      from (select s.id, count(*)::int as count from gone_vectors v join space s on s.store_id = v.store_id group by s.id) gone
      where l.space_id = gone.id and l.thread_id = ${threadId})
  select (select count(*)::int from gone_messages) as messages, (select count(*)::int from gone_vectors) as vectors`

export interface DroppableStore {
  shadowId: string
  storeId: string
}

/** A store that no live space names, held by the deleted shadow that was left with it. A search may still be reading it. */
export const lockDroppableStore = (graceMs: number): Statement => sql`
  select id as "shadowId", store_id as "storeId" from space
  where shadow_of is not null and deleted_at <= now() - make_interval(secs => ${graceMs / 1_000}::float8)
  order by deleted_at, id limit 1 for update skip locked`

export const deleteStoreVectors = (storeId: string, limit: number): Statement => sql`
  with gone as (
    delete from embedding where ctid = any(array(
      select ctid from embedding where store_id = ${storeId} limit ${limit}::int)) returning 1)
  select count(*)::int as count from gone`

export const deleteShadow = (shadowId: string): Statement =>
  sql`delete from space where id = ${shadowId} returning id`
