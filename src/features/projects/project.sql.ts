import type { ProjectGetPayload, ProjectSelect } from '../../generated/prisma/models/Project.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'

const project = {
  id: true,
  organizationId: true,
  name: true,
  sandboxId: true,
  sandboxStatus: true,
  createdAt: true,
} satisfies ProjectSelect

export type ProjectRecord = ProjectGetPayload<{ select: typeof project }>

const columns = columnsOf('p', project)

/** Only those of the viewer's organizations. */
export const selectProjects = (ids: readonly string[], viewerId: string) => sql<ProjectRecord>`
  select ${columns} from project p
  join member m on m.organization_id = p.organization_id and m.user_id = ${viewerId}
  where p.id = any(${ids}::text[])`

export const listProjects = (organizationId: string, page: Page) => sql<ProjectRecord>`
  select ${columns} from project p
  where p.organization_id = ${organizationId} and ${olderThan(page, sql`p.created_at`, sql`p.id`)}
  order by p.created_at desc, p.id desc ${page.limit}`

export const countLiveThreads = (ids: readonly string[]) => sql<{ id: string; count: number }>`
  select project_id as id, count(*)::int as count from thread
  where project_id = any(${ids}::text[]) and deleted_at is null group by project_id`

export const markSandboxDeleted = (id: string, sandboxId: string) => sql<{ id: string }>`
  update project set sandbox_status = 'DELETED' where id = ${id} and sandbox_id = ${sandboxId} returning id`

/** A pending or failed deletion of the sandbox. The outbox only contains unfinished effects, so it is small. */
export const selectSandboxDeletion = (kind: string, sandboxId: string) => sql<{ id: string }>`
  select id from outbox where kind = ${kind} and payload->>'sandboxId' = ${sandboxId} limit 1`
