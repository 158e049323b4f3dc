import { type Statement, sql } from '../../../platform/database/database.js'

/** Locked until the commit: no thread can be created in these projects, and a concurrent deletion of the other last thread waits. */
export const lockProjectsOf = (threadIds: readonly string[]): Statement => sql`
  select p.id from project p
  where p.id in (select t.project_id from thread t where t.id = any(${threadIds}::text[]))
  order by p.id for update`

/** Omits threads under a legal hold, which nothing may purge. */
export const lockPurgeable = (threadIds: readonly string[]) => sql<PurgeableThread>`
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

export interface DeletedProject {
  id: string
  organizationId: string
  sandboxId: string | null
}

/** A soft-deleted thread keeps its project. */
export const deleteEmptyProjects = (projectIds: readonly string[]) => sql<DeletedProject>`
  delete from project p where p.id = any(${projectIds}::text[])
    and not exists (select 1 from thread t where t.project_id = p.id)
  returning p.id, p.organization_id as "organizationId", p.sandbox_id as "sandboxId"`

export interface Trimmed {
  messages: number
  vectors: number
}

/**
 * Some of what hangs on a thread that nobody sees any more, so that no transaction grows with the thread. Its rows in its
 * stores, which count it no more, tell how many vectors are left.
 */
export const trimThread = (threadId: string, messages: number, vectors: number) => sql<Trimmed>`
  with gone_messages as (
      delete from message where id in (
        select id from message where thread_id = ${threadId} order by sequence limit ${messages}::int) returning 1),
    gone_vectors as (
      delete from embedding where ctid = any(array(
        select ctid from embedding where thread_id = ${threadId} limit ${vectors}::int)) returning store_id),
    trimmed as (
      update thread set message_count = message_count - (select count(*)::int from gone_messages)
      where id = ${threadId} returning 1),
    gone as (select store_id, count(*)::int as count from gone_vectors group by store_id),
    threads as (
      update store_thread m set vector_count = greatest(m.vector_count - gone.count, 0)
      from gone where m.store_id = gone.store_id and m.thread_id = ${threadId}),
    removals as (
      update vector_removal r set vector_count = greatest(r.vector_count - gone.count, 0)
      from gone where r.store_id = gone.store_id and r.thread_id = ${threadId})
  select (select count(*)::int from gone_messages) as messages, (select count(*)::int from gone_vectors) as vectors`
