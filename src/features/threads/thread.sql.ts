import type { ThreadGetPayload, ThreadSelect } from '../../generated/prisma/models/Thread.js'
import { columnsOf } from '../../platform/database/columns.js'
import { empty, type Fragment, join, sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'
import { hasAccepted, threadLive, threadReadable } from '../access/access.sql.js'

export type JsonObject = Record<string, unknown>

export const threadFields = {
  id: true,
  ownerId: true,
  organizationId: true,
  projectId: true,
  title: true,
  messageCount: true,
  lastMessageId: true,
  lastMessageAt: true,
  createdAt: true,
  deletedAt: true,
} satisfies ThreadSelect

export type ThreadRecord = ThreadGetPayload<{ select: typeof threadFields }> & {
  metadata: JsonObject
  /** false: the caller sees its title, because it is in a space, but not its messages */
  isReadable: boolean
}

/** For threads selected by the right to read them. */
export const threadColumns = columnsIf(sql`true`)

/** For threads selected in any other way. */
export function threadColumnsFor(viewerId: string): Fragment {
  return columnsIf(threadReadable('t', viewerId))
}

function columnsIf(isReadable: Fragment): Fragment {
  return sql`${columnsOf('t', threadFields)}, t.metadata, ${isReadable} as "isReadable"`
}

export interface NewThreadRow {
  id: string
  ownerId: string
  organizationId: string
  projectId: string | null
  conversationId: string | null
  title: string | null
  metadata: JsonObject
  createdAt: Date | null
}

export const selectThreads = (ids: readonly string[], viewerId: string) => sql<ThreadRecord>`
  select ${threadColumnsFor(viewerId)} from thread t where t.id = any(${ids}::text[])`

export const selectLiveThreads = (ids: readonly string[], viewerId: string) =>
  sql<ThreadRecord>`${selectThreads(ids, viewerId)} and t.deleted_at is null`

export const selectReadableThread = (viewerId: string, id: string) => sql<ThreadRecord>`
  select ${threadColumns} from thread t
  where t.id = ${id} and t.deleted_at is null and ${threadReadable('t', viewerId)}`

/** Which threads a list contains. */
export interface ThreadScope {
  viewerId: string
  /** null: the viewer's own threads and those of its organizations */
  organizationId: string | null
  /** also soft-deleted ones that the viewer could restore */
  includeDeleted: boolean
}

/**
 * Each part of the scope scans its own index for one page; the result is cut from all of these pages. A membership shows
 * all threads of its organization, including the viewer's own, which are scanned separately only where it does not.
 */
export const listThreads = (scope: ThreadScope, page: Page) => sql<ThreadRecord>`
  ${pendingPlaces(scope)}
  select ${threadColumns} from (
      select found.id from (${join(placesOf(scope, page), ' union all ')}) found
      order by found.created_at desc, found.id desc ${page.limit}
    ) page join thread t on t.id = page.id
  order by t.created_at desc, t.id desc`

/** Live threads of whole organizations are counted by their usage rows, others individually. */
export const countThreads = (scope: ThreadScope) => {
  const counts = scope.includeDeleted
    ? placesOf(scope, null).map(countOf)
    : [sumOfUsage(scope), ...ownElsewhere(scope, LIVE, null).map(countOf)]
  return sql<{ count: number }>`${pendingPlaces(scope)} select (${join(counts, ' + ')})::int as count`
}

const countOf = (listed: Fragment): Fragment => sql`(select count(*) from (${listed}) listed)`

const LIVE = threadLive('t')
/** Hidden threads may be in either part of an index, live ones only in the first: tells the planner which to scan. */
const PARTS = [sql`t.listed`, sql`not t.listed`]

/** Disjoint: no thread is in two of them. */
function placesOf(scope: ThreadScope, page: Page | null): Fragment[] {
  if (!scope.includeDeleted) return [inOrganizations(scope, LIVE, page), ...ownElsewhere(scope, LIVE, page)]
  return PARTS.flatMap((part) => [
    inOrganizations(scope, part, page),
    ownAsViewer(scope, part, page),
    ...ownElsewhere(scope, part, page),
  ])
}

const sumOfUsage = (scope: ThreadScope): Fragment => sql`
  (select coalesce(sum(u.threads), 0) from member m join usage u on u.organization_id = m.organization_id
  where ${isMembership(scope)})`

function inOrganizations(scope: ThreadScope, part: Fragment, page: Page | null): Fragment {
  const isShown = sql`(t.deleted_at is null or m.role <> 'VIEWER')`
  return sql`
    select listed.* from member m cross join lateral (
      ${newest(sql`t.organization_id = m.organization_id and ${part} and ${isShown}`, page)}) listed
    where ${isMembership(scope)}`
}

/** A VIEWER of an organization also sees its own deleted threads, which its membership does not show. */
function ownAsViewer(scope: ThreadScope, part: Fragment, page: Page | null): Fragment {
  const isOwn = sql`t.owner_id = ${scope.viewerId} and t.organization_id = m.organization_id`
  return sql`
    select listed.* from member m cross join lateral (
      ${newest(sql`${isOwn} and ${part} and t.deleted_at is not null`, page)}) listed
    where ${isMembership(scope)} and m.role = 'VIEWER'`
}

/** From a pending membership, the viewer only sees the threads that it created there. */
function ownElsewhere(scope: ThreadScope, part: Fragment, page: Page | null): Fragment[] {
  if (scope.organizationId !== null) return []
  const isOwn = sql`t.owner_id = ${scope.viewerId} and t.organization_id = o.organization_id`
  return [
    sql`
    select listed.* from pending_place o cross join lateral (${newest(sql`${isOwn} and ${part}`, page)}) listed`,
  ]
}

function isMembership({ viewerId, organizationId }: ThreadScope): Fragment {
  return organizationId === null
    ? sql`m.user_id = ${viewerId} and ${hasAccepted('m')}`
    : sql`m.user_id = ${viewerId} and m.organization_id = ${organizationId}`
}

/**
 * Organizations of pending memberships in which the viewer has threads: found by one step in each part of the owner's index
 * per such organization, however many have invited the viewer.
 */
function pendingPlaces({ viewerId, organizationId, includeDeleted }: ThreadScope): Fragment {
  if (organizationId !== null) return empty
  const next = (after: Fragment) => {
    const least = (includeDeleted ? PARTS : PARTS.slice(0, 1)).map(
      (part) =>
        sql`(select min(t.organization_id) from thread t where t.owner_id = ${viewerId} and ${part} ${after})`,
    )
    return sql`least(${join(least)})`
  }
  return sql`
    with recursive own_place (organization_id) as (
      select ${next(empty)} union all
      select ${next(sql`and t.organization_id > o.organization_id`)} from own_place o
      where o.organization_id is not null),
    pending_place as materialized (
      select o.organization_id from own_place o
        join member m on m.organization_id = o.organization_id and m.user_id = ${viewerId} and not ${hasAccepted('m')})`
}

function newest(where: Fragment, page: Page | null): Fragment {
  const listed = sql`select t.id, t.created_at from thread t where ${where}`
  if (!page) return listed
  return sql`${listed} and ${olderThan(page, sql`t.created_at`, sql`t.id`)} order by t.created_at desc, t.id desc ${page.limit}`
}
