import { type Fragment, sql } from '../../platform/database.js'
import { olderThan, type Page } from '../../platform/page.js'

export interface AuditEventRecord {
  id: string
  action: string
  actorId: string
  apiKeyId: string | null
  serviceUserId: string | null
  targetType: string
  targetId: string
  details: Record<string, unknown>
  requestId: string | null
  traceId: string | null
  correlationId: string | null
  createdAt: Date
}

/** Whose events: all of an organization, or all that one user caused. */
export type AuditScope = { organizationId: string } | { actorId: string }

/** What events must be of to be listed; null or left out: anything. */
export interface AuditFilter {
  action?: string | null
  actor?: string | null
  target?: string | null
}

/** The newest first. Each filter has an index in this order: of what else there is, nothing is read. */
export const listAuditEvents = (scope: AuditScope, filter: AuditFilter, page: Page) => sql<AuditEventRecord>`
  select e.id, e.action, e.actor_id as "actorId", e.api_key_id as "apiKeyId",
    e.service_user_id as "serviceUserId", e.target_type as "targetType",
    e.target_id as "targetId", e.details, e.request_id as "requestId", e.trace_id as "traceId",
    e.correlation_id as "correlationId", e.created_at as "createdAt"
  from audit_event e
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
