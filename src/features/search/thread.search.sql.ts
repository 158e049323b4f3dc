import { empty, type Fragment, raw, sql } from '../../platform/database/database.js'
import { hasAccepted, threadReadable } from '../access/access.sql.js'
import type { ThreadRecord } from '../threads/thread.sql.js'
import { threadColumns } from '../threads/thread.sql.js'
import { MAX_CANDIDATES, parseWords } from './keyword.search.sql.js'
import type { SearchFilter } from './search.filter.js'
import { matching } from './search.filter.sql.js'

export interface ThreadHit {
  id: string
  rank: number
  /** its best message; null if only the title matched */
  messageId: string | null
}

export interface ThreadSearchScope {
  viewerId: string
  /** null: all that the viewer may read */
  organizationId: string | null
  /** the organizations searched: literal, so that the planner can tell a small one from a large one */
  organizationIds: readonly string[]
  filter: SearchFilter
}

/** Which organizations a search covers that names none, in addition to the viewer's own threads. */
export const selectOwnOrganizations = (viewerId: string) => sql<{ id: string }>`
  select organization_id as id from member m where m.user_id = ${viewerId} and ${hasAccepted('m')}`

/** The live threads that the viewer may read. `threadReadable` decides; the conditions before it help the planner. */
function readable({ viewerId, organizationId, organizationIds }: ThreadSearchScope): Fragment {
  return sql`t.deleted_at is null
    and (t.owner_id = ${viewerId} or t.organization_id = any(${organizationIds}::text[]))
    and ${threadReadable('t', viewerId)}
    ${organizationId === null ? empty : sql`and t.organization_id = ${organizationId}`}`
}

/** Each thread once, by its title or its best message, whichever ranks higher. */
export const searchThreads = (scope: ThreadSearchScope, syntax: string, depth: number) => {
  const { query, isSearchable } = parseWords(syntax)
  const { filter } = scope
  const columns = { threadId: sql`t.id`, role: sql`m.role`, createdAt: sql`m.created_at` }
  // A title has no role and no time.
  const hasTitles = !filter.roles && !filter.createdFrom && !filter.createdBefore
  return sql<ThreadHit>`
    with said as materialized (
      select m.thread_id, m.id as message_id, ts_rank(m.words, ${query}, 1 | 32) as rank
      from thread t join message m on m.thread_id = t.id
      where ${readable(scope)} and m.words @@ ${query} and ${isSearchable} and ${matching(filter, columns)}
      ${raw(`limit ${MAX_CANDIDATES}`)}),
    titled as materialized (
      select t.id as thread_id, null as message_id, ts_rank(search_words(t.title), ${query}, 1 | 32) as rank
      from thread t
      where ${readable(scope)} and search_words(t.title) @@ ${query} and ${isSearchable} and ${hasTitles}
        and ${filter.threadIds ? sql`t.id = any(${filter.threadIds}::text[])` : sql`true`}
      ${raw(`limit ${MAX_CANDIDATES}`)}),
    found as (select * from said union all select * from titled)
    select thread_id as id, max(rank) as rank,
      (array_agg(message_id order by rank desc, message_id) filter (where message_id is not null))[1] as "messageId"
    from found group by thread_id order by rank desc, thread_id ${raw(`limit ${depth}`)}`
}

/** Read again for display: a thread may have been deleted since it was ranked. */
export const selectFoundThreads = (viewerId: string, ids: readonly string[]) => sql<ThreadRecord>`
  select ${threadColumns} from thread t
  where t.id = any(${ids}::text[]) and t.deleted_at is null and ${threadReadable('t', viewerId)}`
