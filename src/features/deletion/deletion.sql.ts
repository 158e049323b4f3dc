import type { Prisma } from '../../generated/prisma/client.js'
import type { DeletionMode, DeletionScope } from '../../generated/prisma/enums.js'
import { type Fragment, sql } from '../../platform/database/database.js'
import { threadLive, threadReadable } from '../access/access.sql.js'
import type { StoreShare } from '../stores/store.counts.sql.js'
import type { JsonObject } from '../threads/thread.sql.js'

export interface ThreadSnapshot {
  title: string | null
  metadata: JsonObject
  conversationId: string | null
  messageCount: number
  agentRunCount: number
  vectorCount: number
  /** left its spaces, and still to go */
  leavingVectorCount: number
  spaceCount: number
  /** no other thread, live or soft-deleted, refers to its project; null without a project */
  isLastOfProject: boolean | null
  sandboxId: string | null
}

/** What hangs on a thread, counted row by row, but for memory that is being built or removed, which nobody is shown. */
export const selectThreadSnapshot = (threadId: string) => sql<ThreadSnapshot>`
  select t.title, t.metadata, t.conversation_id as "conversationId", p.sandbox_id as "sandboxId",
    (select count(*)::int from message m where m.thread_id = t.id) as "messageCount",
    (select count(*)::int from agent_run r where r.thread_id = t.id) as "agentRunCount",
    (select count(*)::float8 from store_thread m join embedding_store s on s.id = m.store_id and s.state = 'ACTIVE'
      join embedding e on e.store_id = s.id and e.thread_id = t.id
      where m.thread_id = t.id) as "vectorCount",
    (select coalesce(sum(r.vector_count), 0)::float8 from vector_removal r where r.thread_id = t.id) as "leavingVectorCount",
    (select count(*)::int from space_thread l where l.thread_id = t.id) as "spaceCount",
    case when p.id is not null then not exists (
      select 1 from thread o where o.project_id = p.id and o.id <> t.id) end as "isLastOfProject"
  from thread t left join project p on p.id = t.project_id where t.id = ${threadId}`

/** Selects links: those of one thread, or of all threads of one owner. */
export type LinkSet = { threadId: string } | { ownerId: string }

function inSet(set: LinkSet): Fragment {
  return 'threadId' in set ? sql`t.id = ${set.threadId}` : sql`t.owner_id = ${set.ownerId}`
}

/**
 * Links whose `hidden` differs from their thread's state. This transaction has changed the threads already, and all others
 * commit both together: so this finds what is left to do, whichever threads were changed.
 */
function staleLinks(set: LinkSet): Fragment {
  return sql`t.id = l.thread_id and ${inSet(set)} and l.hidden <> (t.deleted_at is not null)`
}

/** Spaces must not be deleted while links in them are changed. */
export const lockSpaces = (set: LinkSet) => sql<{ id: string }>`
  select s.id from space s
  where s.id in (select l.space_id from space_thread l join thread t on ${staleLinks(set)})
  order by s.id for key share`

/** Threads of changed links in the stores of their spaces, locked: a worker has written before, or finds what changed. */
const membersOf = (links: Fragment): Fragment => sql`
  select m.* from ${links} l join embedding_store s on s.space_id = l.space_id and s.state <> 'RETIRED'
    join store_thread m on m.store_id = s.id and m.thread_id = l.thread_id
  order by m.store_id, m.thread_id for no key update of m`

const shares = sql`
  select store_id as "storeId", count(*)::int as threads, sum(vector_count)::float8 as vectors
  from members group by store_id order by store_id`

/** Hides the links of soft-deleted threads from searches, and the threads from workers. Their vectors are kept for a restore. */
export const hideLinks = (set: LinkSet) => sql<StoreShare>`
  with links as (
      update space_thread l set hidden = true from thread t where ${staleLinks(set)} returning l.space_id, l.thread_id),
    members as materialized (${membersOf(sql`links`)}),
    idle as (
      update store_thread m set next_attempt_at = null, lease_id = null, lease_expires_at = null from members o
      where m.store_id = o.store_id and m.thread_id = o.thread_id
        and (o.next_attempt_at is not null or o.lease_id is not null))
  ${shares}`

/** The opposite: messages left unprocessed are embedded. */
export const showLinks = (set: LinkSet) => sql<StoreShare>`
  with links as (
      update space_thread l set hidden = false from thread t where ${staleLinks(set)} returning l.space_id, l.thread_id),
    members as materialized (${membersOf(sql`links`)}),
    woken as (
      update store_thread m set next_attempt_at = now() from members o
      where m.store_id = o.store_id and m.thread_id = o.thread_id and o.paused_at is null and (
        exists (select 1 from message n where n.thread_id = o.thread_id and n.sequence > o.embedded_through)
        or exists (select 1 from pending_embedding p where p.store_id = o.store_id and p.thread_id = o.thread_id)))
  ${shares}`

/** Gives a new backfill to hidden links whose backfill was ended by the deletion. */
export const reopenBackfills = (set: LinkSet) => sql<{ id: string }>`
  with opened as (
      insert into backfill (id, space_id, store_id, thread_id, generation, kind, status, target_sequence, total)
      select 'bkfl_' || replace(gen_random_uuid()::text, '-', ''), l.space_id, m.store_id, l.thread_id, m.generation,
        (case when s.state = 'ACTIVE' then 'ADD' else 'REEMBED' end)::backfill_kind, 'QUEUED', t.last_sequence, rest.count
      from thread t join space_thread l on ${staleLinks(set)}
        join embedding_store s on s.space_id = l.space_id and s.state <> 'RETIRED'
        join store_thread m on m.store_id = s.id and m.thread_id = l.thread_id
        cross join lateral (
          select (select count(*) from message n where n.thread_id = t.id and n.sequence > m.embedded_through)
            + (select count(*) from pending_embedding p where p.store_id = m.store_id and p.thread_id = t.id) as count) rest
      where m.paused_at is null and rest.count > 0
      returning id, store_id, thread_id),
    adopted as (
      update pending_embedding p set backfill_id = o.id
      from opened o where p.store_id = o.store_id and p.thread_id = o.thread_id)
  select id from opened`

/** Ends running backfills of hidden links. */
export const cancelBackfillsOf = (set: LinkSet) => sql<{ id: string }>`
  update backfill b set status = 'CANCELED', finished_at = clock_timestamp(), next_attempt_at = null,
    sequence = b.sequence + 1, updated_at = clock_timestamp()
  from thread t
  where t.id = b.thread_id and t.deleted_at is not null and b.status in ('QUEUED', 'RUNNING')
    and ${inSet(set)}
  returning b.id`

export interface OrganizationShare {
  organizationId: string
  threads: number
  messages: number
}

/** Selects the live threads of a bulk deletion. */
export interface OwnThreads {
  ownerId: string
  /** null: of all organizations */
  organizationId: string | null
  /** a permanent deletion excludes threads under a legal hold */
  mode: DeletionMode
}

export function owned({ ownerId, organizationId, mode }: OwnThreads): Fragment {
  return sql`t.owner_id = ${ownerId} and ${threadLive('t')} and ${threadReadable('t', ownerId)}
    and ${organizationId === null ? sql`true` : sql`t.organization_id = ${organizationId}`}
    and ${mode === 'SOFT' ? sql`true` : sql`not t.legal_hold`}`
}

const share = sql`organization_id as "organizationId", count(*)::int as threads, sum(message_count)::float8 as messages`

/** What a deletion of all has taken. It stays listed until a worker has been there, so that its index finds it. */
export const countTaken = (ownerId: string, batchId: string) => sql<OrganizationShare>`
  select ${share} from thread where owner_id = ${ownerId} and listed and deletion_batch_id = ${batchId}
  group by organization_id`

/** The same for a model. */
export function ownedWhere({ ownerId, organizationId, mode }: OwnThreads): Prisma.ThreadWhereInput {
  return {
    ownerId,
    listed: true,
    deletedAt: null,
    organization: { members: { some: { userId: ownerId } } },
    ...(organizationId !== null && { organizationId }),
    ...(mode === 'PERMANENT' && { legalHold: false }),
  }
}

/** What to restore: what is still deleted of one deletion, or one thread of it, if the user may still see it. */
export type ThreadSet = { batchId: string; viewerId: string } & LinkSet

/** What was restored in one organization. */
export interface RestoredShare extends OrganizationShare {
  /** a thread whose project is gone, which should not happen; null: none */
  orphan: { threadId: string; projectId: string } | null
}

/** Returns few and narrow columns: with 100,000 rows every byte counts. */
export const showThreads = (set: ThreadSet) => sql<RestoredShare>`
  with changed as (
    update thread t set deleted_at = null, deletion_batch_id = null, listed = true
    where ${inSet(set)} and t.deletion_batch_id = ${set.batchId} and t.deleted_at is not null
      and ${threadReadable('t', set.viewerId)}
    returning t.organization_id, t.message_count,
      case when t.project_id is not null and not exists (select 1 from project p where p.id = t.project_id)
        then jsonb_build_object('threadId', t.id, 'projectId', t.project_id) end as orphan)
  select ${share}, (array_agg(orphan) filter (where orphan is not null))[1] as orphan
  from changed group by organization_id`

/** Serializes bulk changes of one owner's threads. */
export const lockOwner = (ownerId: string) => sql<{ lock: string }>`
  select pg_advisory_xact_lock(hashtextextended(${`threads of ${ownerId}`}, 0))::text as lock`

/** As a restoration needs it. */
export interface RestorableBatch {
  id: string
  userId: string
  scope: DeletionScope
  threadId: string | null
  isRestorable: boolean
}

const batchColumns = sql`b.id, b.user_id as "userId", b.scope, b.thread_id as "threadId",
  (b.state in ('RESTORABLE', 'RESTORED') and b.purge_after > now()) as "isRestorable"`

export const selectDeletionBatch = (id: string) =>
  sql<RestorableBatch>`select ${batchColumns} from deletion_batch b where b.id = ${id} and b.mode = 'SOFT'`

export const lockDeletionBatch = (id: string) =>
  sql<RestorableBatch>`select ${batchColumns} from deletion_batch b where b.id = ${id} for update`

export const lockBatchOfThread = (threadId: string) => sql<RestorableBatch>`
  select ${batchColumns}
  from thread t join deletion_batch b on b.id = t.deletion_batch_id
  where t.id = ${threadId} for update of b`

/** Call when nothing is left to restore: threads that the user may no longer see stay deleted, and are purged when due. */
export const markRestored = (set: ThreadSet) => sql<{ id: string }>`
  update deletion_batch b set state = 'RESTORED', finished_at = now()
  where b.id = ${set.batchId} and not exists (
    select 1 from thread t where ${inSet(set)} and t.deletion_batch_id = ${set.batchId})
  returning b.id`
