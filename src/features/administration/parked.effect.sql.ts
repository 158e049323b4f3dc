import type { OrganizationRole } from '../../generated/prisma/enums.js'
import type { OutboxGetPayload, OutboxSelect } from '../../generated/prisma/models/Outbox.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { olderThan } from '../../platform/graphql/page.sql.js'

const effect = {
  id: true,
  kind: true,
  attempts: true,
  lastError: true,
  parkedAt: true,
  createdAt: true,
  requestId: true,
  traceId: true,
  correlationId: true,
} satisfies OutboxSelect

export type EffectRecord = OutboxGetPayload<{ select: typeof effect }> & { payload: Record<string, unknown> }

const columns = sql`${columnsOf('o', effect)}, o.payload`

/** An effect of an organization that the viewer is a member of. */
export interface EffectAccessRow {
  kind: string
  organizationId: string
  role: OrganizationRole
}

/** Most recently parked first. */
export const listParkedEffects = (organizationId: string, page: Page) => sql<EffectRecord>`
  select ${columns} from outbox o
  where o.organization_id = ${organizationId} and o.parked_at is not null
    and ${olderThan(page, sql`o.parked_at`, sql`o.id`)}
  order by o.parked_at desc, o.id desc ${page.limit}`

export const selectEffectAccess = (viewerId: string, effectId: string) => sql<EffectAccessRow>`
  select o.kind, o.organization_id as "organizationId", m.role
  from outbox o join member m on m.organization_id = o.organization_id and m.user_id = ${viewerId}
  where o.id = ${effectId}`

export const selectEffect = (effectId: string) => sql<EffectRecord>`
  select ${columns} from outbox o where o.id = ${effectId}`
