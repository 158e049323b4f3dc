import type { MemberGetPayload, MemberSelect } from '../../generated/prisma/models/Member.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'

export const memberColumns = {
  organizationId: true,
  userId: true,
  role: true,
  createdAt: true,
  /** null while the membership is pending */
  acceptedAt: true,
  /** null for the founder */
  invitedById: true,
} satisfies MemberSelect

export type MemberRecord = MemberGetPayload<{ select: typeof memberColumns }>

const columns = columnsOf('m', memberColumns)

/** The organizations of one user, pending ones among them. */
export const listMemberships = (userId: string, page: Page) => sql<MemberRecord>`
  select ${columns} from member m
  where m.user_id = ${userId} and ${olderThan(page, sql`m.created_at`, sql`m.organization_id`)}
  order by m.created_at desc, m.organization_id desc ${page.limit}`

/** The users of one organization, invited ones among them. */
export const listMembers = (organizationId: string, page: Page) => sql<MemberRecord>`
  select ${columns} from member m
  where m.organization_id = ${organizationId} and ${olderThan(page, sql`m.created_at`, sql`m.user_id`)}
  order by m.created_at desc, m.user_id desc ${page.limit}`

export const lockMember = (organizationId: string, userId: string) => sql<MemberRecord>`
  select ${columns} from member m
  where m.organization_id = ${organizationId} and m.user_id = ${userId} for update`

/** Idempotent. */
export const acceptMember = (organizationId: string, userId: string) => sql<MemberRecord>`
  update member m set accepted_at = coalesce(m.accepted_at, now())
  where m.organization_id = ${organizationId} and m.user_id = ${userId} returning ${columns}`

export interface OwnerRow {
  userId: string
  acceptedAt: Date | null
  /** of its own personal organization */
  isPersonal: boolean
}

/** Locks the owners, while the last of them might lose the role. */
export const lockOwners = (organizationId: string) => sql<OwnerRow>`
  select m.user_id as "userId", m.accepted_at as "acceptedAt",
    o.personal_user_id is not distinct from m.user_id as "isPersonal"
  from member m join organization o on o.id = m.organization_id
  where m.organization_id = ${organizationId} and m.role = 'OWNER' order by m.user_id for update of m`
