import type { Pool } from 'pg'
import { expect } from 'vitest'

/**
 * What must hold of the data whenever nothing is under way. Each entry is a rule and a statement that finds what breaks
 * it: no row is good news.
 */
const RULES: Readonly<Record<string, string>> = {
  'nothing is left of a purged thread but backfills that have ended': `
    select b.id, b.status from backfill b
    where b.status in ('QUEUED', 'RUNNING') and not exists (select 1 from thread t where t.id = b.thread_id)`,

  'a vector is of a message that stands in its thread': `
    select e.store_id, e.message_id from embedding e
    left join message m on m.id = e.message_id
    where m.id is null or m.thread_id <> e.thread_id`,

  'a failure is of a message that stands in its thread, in a link': `
    select f.store_id, f.message_id from embedding_failure f
    left join message m on m.id = f.message_id
    left join store_thread l on l.store_id = f.store_id and l.thread_id = f.thread_id
    where m.id is null or m.thread_id <> f.thread_id or (l.thread_id is null
      and exists (select 1 from embedding_store s where s.id = f.store_id and s.state <> 'RETIRED'))`,

  'a space that is not deleted has one store that answers, and a deleted one has none': `
    select s.id from space s left join embedding_store a on a.space_id = s.id and a.state = 'ACTIVE'
    where (s.deleted_at is null) <> (a.id is not null)`,

  'a vector is in a store that is there': `
    select distinct e.store_id from embedding e
    where not exists (select 1 from embedding_store s where s.id = e.store_id)`,

  'a store is being built exactly while its reembedding is at work': `
    select coalesce(r.store_id, s.id) as store from (select * from reembedding where status = 'RUNNING') r
    full join (select * from embedding_store where state = 'BUILDING') s on s.id = r.store_id
    where r.id is null or s.id is null or s.space_id <> r.space_id`,

  'a store has the threads of its space': `
    select s.id from embedding_store s
    where s.state <> 'RETIRED' and (select array_agg(m.thread_id order by m.thread_id) from store_thread m where m.store_id = s.id)
      is distinct from (select array_agg(l.thread_id order by l.thread_id) from space_thread l where l.space_id = s.space_id)`,

  'a store holds the vectors of its model': `
    select distinct e.store_id, e.model, s.embedding_model from embedding e join embedding_store s on s.id = e.store_id
    where e.model <> s.embedding_model`,

  'a vector belongs to the link that is there, not to an earlier one': `
    select e.store_id, e.message_id, e.generation, l.generation as link from embedding e
    join embedding_store s on s.id = e.store_id and s.state <> 'RETIRED'
    left join store_thread l on l.store_id = e.store_id and l.thread_id = e.thread_id
    where l.generation is distinct from e.generation and not exists (
      select 1 from vector_removal r
      where r.store_id = e.store_id and r.thread_id = e.thread_id and r.generation >= e.generation)`,

  'a message has no vector beyond the point up to which its link is embedded': `
    select e.store_id, e.message_id from embedding e
    join message m on m.id = e.message_id
    join store_thread l on l.store_id = e.store_id and l.thread_id = e.thread_id
    where m.sequence > l.embedded_through`,

  'every message that a link is through with has vectors, was refused, or has no text': `
    select l.store_id, m.id from store_thread l
    join embedding_store s on s.id = l.store_id and s.state <> 'RETIRED'
    join message m on m.thread_id = l.thread_id and m.sequence <= l.embedded_through
    where m.content ~ '[[:alnum:]]'
      and not exists (select 1 from embedding e where e.store_id = l.store_id and e.message_id = m.id)
      and not exists (select 1 from embedding_failure f where f.store_id = l.store_id and f.message_id = m.id)
      and not exists (select 1 from pending_embedding p where p.store_id = l.store_id and p.message_id = m.id)`,

  'a message is to be embedded again only where its link is through with it, and is paused or of a hidden thread': `
    select p.store_id, p.message_id from pending_embedding p
    left join message m on m.id = p.message_id and m.thread_id = p.thread_id and m.sequence = p.sequence
    left join store_thread l on l.store_id = p.store_id and l.thread_id = p.thread_id
    left join thread t on t.id = l.thread_id
    join embedding_store s on s.id = p.store_id and s.state <> 'RETIRED'
    where m.id is null or l.thread_id is null or m.sequence > l.embedded_through
      or (l.paused_at is null and t.deleted_at is null)`,

  'a message that is to be embedded again has no vector and was not refused, and no backfill that has ended counts it': `
    select p.store_id, p.message_id from pending_embedding p
    join embedding_store s on s.id = p.store_id and s.state <> 'RETIRED'
    left join backfill b on b.id = p.backfill_id
    where exists (select 1 from embedding_failure f where f.store_id = p.store_id and f.message_id = p.message_id)
      or exists (select 1 from embedding e where e.store_id = p.store_id and e.message_id = p.message_id)
      or (p.backfill_id is not null and b.status is distinct from 'QUEUED' and b.status is distinct from 'RUNNING')`,

  'a message has the hash of what it says': `
    select id from message where content_hash <> sha256(convert_to(content, 'UTF8'))`,

  'a message is not embedded and refused at once': `
    select f.store_id, f.message_id from embedding_failure f
    join embedding e on e.store_id = f.store_id and e.message_id = f.message_id`,

  'a deleted space has no links, vectors or backfills at work': `
    select s.id from space s where s.deleted_at is not null and (
      exists (select 1 from space_thread l where l.space_id = s.id)
      or exists (select 1 from embedding_store a where a.space_id = s.id and a.state <> 'RETIRED')
      or exists (select 1 from backfill b where b.space_id = s.id and b.status in ('QUEUED', 'RUNNING')))`,

  'processed is at most total, and a backfill has ended exactly when it has a time of its end': `
    select id, status from backfill
    where embedded + skipped + failed > total or embedded < 0 or skipped < 0 or failed < 0
      or (status in ('COMPLETED', 'FAILED', 'CANCELED')) <> (finished_at is not null)`,

  'a completed backfill has processed all of its messages': `
    select id from backfill where status = 'COMPLETED' and embedded + skipped + failed <> total`,

  'a backfill at work has its link, in the same generation': `
    select b.id from backfill b
    left join store_thread l on l.store_id = b.store_id and l.thread_id = b.thread_id
    where b.status in ('QUEUED', 'RUNNING') and l.generation is distinct from b.generation
      and exists (select 1 from embedding_store s where s.id = b.store_id and s.state <> 'RETIRED')`,

  'a deletion holds exactly the threads that name it, and only soft-deleted ones do': `
    select t.id from thread t left join deletion_batch d on d.id = t.deletion_batch_id
    where (t.deleted_at is null) <> (t.deletion_batch_id is null)
      or (t.deletion_batch_id is not null and (d.id is null or d.state not in ('RESTORABLE', 'PURGING')))`,

  'usage counts live threads, live projects and the messages of live threads': `
    select * from (
      select u.organization_id, u.threads, u.projects, u.messages,
        (select count(*) from thread t where t.organization_id = u.organization_id and t.deleted_at is null) as "threadsCounted",
        (select count(*) from project p where p.organization_id = u.organization_id) as "projectsCounted",
        (select count(*) from message m join thread t on t.id = m.thread_id
          where t.organization_id = u.organization_id and t.deleted_at is null) as "messagesCounted"
      from usage u) counted
    where threads <> "threadsCounted" or projects <> "projectsCounted" or messages <> "messagesCounted"`,

  'every organization has a usage row': `
    select o.id from organization o left join usage u on u.organization_id = o.id where u.organization_id is null`,

  'a store counts its live threads and their vectors': `
    select * from (
      select s.id, s.thread_count, s.vector_count,
        (select count(*) from store_thread l join thread t on t.id = l.thread_id
          where l.store_id = s.id and t.deleted_at is null) as "threadsCounted",
        (select count(*) from embedding e join thread t on t.id = e.thread_id
          where e.store_id = s.id and t.deleted_at is null) as "vectorsCounted"
      from embedding_store s where s.state <> 'RETIRED') counted
    where thread_count <> "threadsCounted" or vector_count <> "vectorsCounted"`,

  'a live thread is listed': `
    select id from thread where deleted_at is null and not listed`,

  'a link is hidden exactly while its thread is soft-deleted': `
    select l.space_id, l.thread_id from space_thread l join thread t on t.id = l.thread_id
    where l.hidden <> (t.deleted_at is not null)`,

  'a thread in a store counts its vectors': `
    select l.store_id, l.thread_id, l.vector_count from store_thread l
    join embedding_store s on s.id = l.store_id and s.state <> 'RETIRED'
    where l.vector_count <> (select count(*) from embedding e
      where e.store_id = l.store_id and e.thread_id = l.thread_id and e.generation = l.generation)`,

  'a thread counts its messages, and names its last one': `
    select t.id, t.message_count, t.last_sequence, t.last_message_id from thread t
    left join lateral (
      select count(*) as count, max(m.sequence) as sequence from message m where m.thread_id = t.id) m on true
    left join message last on last.thread_id = t.id and last.sequence = m.sequence
    where t.message_count <> m.count or t.last_sequence < coalesce(m.sequence, 0)
      or t.last_message_id is distinct from last.id or t.last_message_at is distinct from last.created_at`,

  'a thread is of the organization of its project': `
    select t.id from thread t join project p on p.id = t.project_id where p.organization_id <> t.organization_id`,

  'an organization has an owner': `
    select o.id from organization o
    where not exists (select 1 from member m where m.organization_id = o.id and m.role = 'OWNER')`,
}

/** Asserts every rule. Called when nothing is under way: after the last backfill of a scenario has ended. */
export async function expectInvariants(pool: Pool): Promise<void> {
  const broken: Record<string, unknown[]> = {}
  for (const [rule, statement] of Object.entries(RULES)) {
    const { rows } = await pool.query(statement)
    if (rows.length > 0) broken[rule] = rows.slice(0, 5)
  }
  expect(broken).toEqual({})
}
