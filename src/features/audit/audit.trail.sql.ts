import type { AuditEventModel } from '../../generated/prisma/models/AuditEvent.js'
import { sql } from '../../platform/statement.js'

export type NewAuditEvent = Omit<AuditEventModel, 'createdAt' | 'details'> & {
  details?: Record<string, unknown>
}

export const insertAuditEvent = (event: NewAuditEvent) => sql<{ id: string }>`
  insert into audit_event (id, organization_id, actor_id, api_key_id, service_user_id, action, target_type, target_id,
    details, request_id, trace_id, correlation_id)
  values (${event.id}, ${event.organizationId}, ${event.actorId}, ${event.apiKeyId}, ${event.serviceUserId}, ${event.action},
    ${event.targetType}, ${event.targetId}, ${JSON.stringify(event.details ?? {})}::jsonb, ${event.requestId},
    ${event.traceId}, ${event.correlationId})
  returning id`
