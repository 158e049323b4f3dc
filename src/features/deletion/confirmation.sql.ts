import { sql } from '../../platform/database/database.js'
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
