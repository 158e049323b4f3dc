import { type Fragment, sql } from '../../platform/database/database.js'
import type { SearchFilter } from './search.filter.js'

/** The filter over the columns of one table; every search has its own names for them. */
export function matching(
  { threadIds, roles, createdFrom, createdBefore }: SearchFilter,
  columns: { threadId: Fragment; role: Fragment; createdAt: Fragment },
): Fragment {
  const { threadId, role, createdAt } = columns
  return sql`
    ${threadIds ? sql`${threadId} = any(${threadIds}::text[])` : sql`true`}
    and ${roles ? sql`${role} = any(${roles}::text[]::message_role[])` : sql`true`}
    and ${createdFrom ? sql`${createdAt} >= ${createdFrom}` : sql`true`}
    and ${createdBefore ? sql`${createdAt} < ${createdBefore}` : sql`true`}`
}
