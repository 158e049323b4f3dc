import { empty, type Statement, sql } from '../../platform/database.js'
import { olderThan, type Page } from '../../platform/page.js'
import { threadReadable } from '../access/access.sql.js'

export type JsonObject = Record<string, unknown>

export interface ThreadRecord {
  id: string
  ownerId: string
  organizationId: string
  projectId: string | null
  title: string | null
  metadata: JsonObject
  messageCount: number
  lastMessageId: string | null
  lastMessageAt: Date | null
  createdAt: Date
  deletedAt: Date | null
  /** false: whoever asked may see its title, because it is in a space, but not what is said in it */
  isReadable: boolean
}

/** Of threads that were found through a right to read them. */
export const threadColumns = columnsOf(sql`true`)

/** Of threads that were found in some other way. */
export function threadColumnsFor(viewerId: string): Statement {
  return columnsOf(threadReadable('t', viewerId))
}

function columnsOf(isReadable: Statement): Statement {
  return sql`t.id, t.owner_id as "ownerId", t.organization_id as "organizationId",
  t.project_id as "projectId", t.title, t.metadata, t.message_count as "messageCount",
  t.last_message_id as "lastMessageId", t.last_message_at as "lastMessageAt", t.created_at as "createdAt",
  t.deleted_at as "deletedAt", ${isReadable} as "isReadable"`
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

/** Returns no row when the id exists. */
export const insertThread = (row: NewThreadRow): Statement => sql`
  insert into thread as t (id, owner_id, organization_id, project_id, conversation_id, title, metadata, created_at)
  values (${row.id}, ${row.ownerId}, ${row.organizationId}, ${row.projectId}, ${row.conversationId}, ${row.title},
    ${JSON.stringify(row.metadata)}::jsonb, coalesce(${row.createdAt}::timestamptz, now()))
  on conflict (id) do nothing
  returning ${threadColumns}`

export const selectThreads = (ids: readonly string[], viewerId: string): Statement => sql`
  select ${threadColumnsFor(viewerId)} from thread t where t.id = any(${ids}::text[])`

export const selectLiveThreads = (ids: readonly string[], viewerId: string): Statement =>
  sql`${selectThreads(ids, viewerId)} and t.deleted_at is null`

export const selectReadableThread = (viewerId: string, id: string): Statement => sql`
  select ${threadColumns} from thread t
  where t.id = ${id} and t.deleted_at is null and ${threadReadable('t', viewerId)}`

/** What a list of threads covers. */
export interface ThreadScope {
  viewerId: string
  /** null: the viewer's own threads and those of its organizations */
  organizationId: string | null
  /** soft-deleted ones too, where the viewer could restore them */
  includeDeleted: boolean
}

/** Each side of the union walks its own index and stops at a page; the page is then cut from both. */
export const listThreads = (scope: ThreadScope, page: Page): Statement => sql`
  select ${threadColumns} from thread t join (
    ${inOrganizations(scope, page)} union ${ownThreads(scope, page)}
  ) page on page.id = t.id
  order by t.created_at desc, t.id desc ${page.limit}`

export const countThreads = (scope: ThreadScope): Statement => sql`
  select count(*)::int as count from (${inOrganizations(scope, null)} union ${ownThreads(scope, null)}) listed`

function inOrganizations(scope: ThreadScope, page: Page | null): Statement {
  const deleted = scope.includeDeleted ? sql`or m.role <> 'VIEWER'` : empty
  return sql`
    select candidate.id from member m cross join lateral (
      select t.id from thread t
      where t.organization_id = m.organization_id and (t.deleted_at is null ${deleted}) ${pagePart(page)}
    ) candidate
    where m.user_id = ${scope.viewerId}
      ${scope.organizationId === null ? empty : sql`and m.organization_id = ${scope.organizationId}`}`
}

function ownThreads(scope: ThreadScope, page: Page | null): Statement {
  return sql`
    (select t.id from thread t
    where t.owner_id = ${scope.viewerId}
      ${scope.organizationId === null ? empty : sql`and t.organization_id = ${scope.organizationId}`}
      ${scope.includeDeleted ? empty : sql`and t.deleted_at is null`} ${pagePart(page)})`
}

function pagePart(page: Page | null): Statement {
  if (!page) return empty
  return sql`and ${olderThan(page, sql`t.created_at`, sql`t.id`)} order by t.created_at desc, t.id desc ${page.limit}`
}
