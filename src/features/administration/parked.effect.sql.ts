import type { OrganizationRole } from '../../generated/prisma/enums.js'
import { sql } from '../../platform/database.js'
import { olderThan, type Page } from '../../platform/page.js'

export interface EffectRecord {
  id: string
  kind: string
  payload: Record<string, unknown>
  attempts: number
  lastError: string | null
  parkedAt: Date | null
  createdAt: Date
  requestId: string | null
  traceId: string | null
  correlationId: string | null
}

/** An effect of an organization that the viewer is a member of. */
export interface EffectAccessRow {
  kind: string
  organizationId: string
  role: OrganizationRole
}

const columns = sql`o.id, o.kind, o.payload, o.attempts, o.last_error as "lastError", o.parked_at as "parkedAt",
  o.created_at as "createdAt", o.request_id as "requestId", o.trace_id as "traceId",
  o.correlation_id as "correlationId"`

/** What was parked last comes first. */
export const listParkedEffects = (organizationId: string, page: Page) => sql<EffectRecord>`
  select ${columns} from outbox o
  where o.organization_id = ${organizationId} and o.parked_at is not null
    and ${olderThan(page, sql`o.parked_at`, sql`o.id`)}
  order by o.parked_at desc, o.id desc ${page.limit}`

export const selectEffectAccess = (viewerId: string, effectId: string) => sql<EffectAccessRow>`
  select o.kind, o.organization_id as "organizationId", m.role::text as role
  from outbox o join member m on m.organization_id = o.organization_id and m.user_id = ${viewerId}
  where o.id = ${effectId}`

export const selectEffect = (effectId: string) => sql<EffectRecord>`
  select ${columns} from outbox o where o.id = ${effectId}`
