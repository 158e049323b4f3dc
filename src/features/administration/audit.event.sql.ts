import type { AuditEventGetPayload, AuditEventSelect } from '../../generated/prisma/models/AuditEvent.js'
import { columnsOf } from '../../platform/database/columns.js'
import { type Fragment, sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'

const event = {
  id: true,
  action: true,
  actorId: true,
  apiKeyId: true,
  serviceUserId: true,
  targetType: true,
  targetId: true,
  requestId: true,
  traceId: true,
  correlationId: true,
  createdAt: true,
} satisfies AuditEventSelect

export type AuditEventRecord = AuditEventGetPayload<{ select: typeof event }> & {
  details: Record<string, unknown>
}

/** Which events: all of an organization, or all that one user caused. */
export type AuditScope = { organizationId: string } | { actorId: string }

/** Filters; null or omitted: any. */
export interface AuditFilter {
  action?: string | null
  actor?: string | null
  target?: string | null
}

/** Newest first. Each filter has an index in this order, so only matching events are read. */
export const listAuditEvents = (scope: AuditScope, filter: AuditFilter, page: Page) => sql<AuditEventRecord>`
  select ${columnsOf('e', event)}, e.details from audit_event e
  where ${isWithin(scope)} and ${isOf(sql`e.action`, filter.action)} and ${isOf(sql`e.actor_id`, filter.actor)}
    and ${isOf(sql`e.target_id`, filter.target)} and ${olderThan(page, sql`e.created_at`, sql`e.id`)}
  order by e.created_at desc, e.id desc ${page.limit}`

function isWithin(scope: AuditScope): Fragment {
  return 'actorId' in scope
    ? sql`e.actor_id = ${scope.actorId}`
    : sql`e.organization_id = ${scope.organizationId}`
}

function isOf(column: Fragment, value: string | null | undefined): Fragment {
  return value == null ? sql`true` : sql`${column} = ${value}`
}
