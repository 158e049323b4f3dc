import type {
  OrganizationGetPayload,
  OrganizationSelect,
} from '../../generated/prisma/models/Organization.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'
import { hasAccepted } from '../access/access.sql.js'

export const organizationColumns = { id: true, name: true, createdAt: true } satisfies OrganizationSelect

export type OrganizationRecord = OrganizationGetPayload<{ select: typeof organizationColumns }> & {
  /** whether the caller is a member */
  isMember: boolean
}

const columns = sql`${columnsOf('o', organizationColumns)}, true as "isMember"`

export const selectPersonal = (userId: string) =>
  sql<OrganizationRecord>`select ${columns} from organization o where o.personal_user_id = ${userId}`

export const selectOrganizations = (ids: readonly string[], viewerId: string) => sql<OrganizationRecord>`
  select ${columnsOf('o', organizationColumns)}, m.user_id is not null as "isMember"
  from organization o left join member m on m.organization_id = o.id and m.user_id = ${viewerId}
  where o.id = any(${ids}::text[])`

/** Those whose membership the user has accepted. */
export const listOrganizations = (userId: string, page: Page) => sql<OrganizationRecord>`
  select ${columns} from member m join organization o on o.id = m.organization_id
  where m.user_id = ${userId} and ${hasAccepted('m')}
    and ${olderThan(page, sql`o.created_at`, sql`o.id`)}
  order by o.created_at desc, o.id desc ${page.limit}`
