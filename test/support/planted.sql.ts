import { sql } from '../../src/platform/database/database.js'

/** Statements whose declared rows are wrong, each in its own way: the check of rows must find them. */

export const selectMisnamed = (id: string) => sql<{ id: string; ownerId: string }>`
  select id, owner_id from thread where id = ${id}`

export const selectMistyped = () => sql<{ createdAt: string; role: 'OWNER' | 'ADMIN'; count: number }>`
  select m.created_at as "createdAt", m.role, count(*) as count from member m group by m.created_at, m.role`

export const selectNullable = () => sql<{ id: string; title: string; count: number | null }>`
  select t.id, t.title, count(*)::int as count from thread t group by t.id`

export const selectOuter = (viewerId: string) => sql<{
  id: string
  role: 'OWNER' | 'ADMIN' | 'MEMBER' | 'VIEWER'
}>`
  select t.id, m.role from thread t
  left join member m on m.organization_id = t.organization_id and m.user_id = ${viewerId}`

/** Wrong for one of its arguments only. */
export const selectSometimes = (isShort: boolean) => sql<{ id: string; title: string | null }>`
  select id ${isShort ? sql`` : sql`, title`} from thread`
