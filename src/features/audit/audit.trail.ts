import type { Prisma } from '../../generated/prisma/client.js'
import type { Transaction } from '../../platform/database/database.js'
import { mintId } from '../../platform/ids.js'
import { idsOf, type RequestIds, type RequestInfo } from '../../platform/request.js'

/** Who acts, and in which request. */
export interface Actor {
  readonly userId: string
  /** null if the caller used a token */
  readonly apiKeyId: string | null
  /** owner of the service key that acts for the user; null if the user calls directly */
  readonly serviceUserId: string | null
  readonly request: RequestInfo
}

/** Who did something: a caller, or Heddle itself. */
export type AuditActor = Omit<Actor, 'request'> & { readonly request: RequestIds }

/** Heddle itself, when it completes in the background what a request asked for. */
export function system(request: RequestIds): AuditActor {
  return { userId: 'system', apiKeyId: null, serviceUserId: null, request }
}

export interface AuditEntry {
  /** `<target>.<past participle>`: `thread.deleted` */
  action: string
  targetType:
    | 'organization'
    | 'project'
    | 'thread'
    | 'message'
    | 'space'
    | 'backfill'
    | 'user'
    | 'effect'
    | 'api-key'
  targetId: string
  organizationId: string | null
  details?: Record<string, unknown>
}

/**
 * Records who did what to which object, in the transaction of the change: both are committed or neither. The database
 * refuses to change an event, and to delete one before its retention has expired (audit.retention.ts).
 *
 * @returns the event's id
 */
export async function recordAudit(tx: Transaction, actor: AuditActor, entry: AuditEntry): Promise<string> {
  const id = mintId('audit')
  const { userId: actorId, apiKeyId, serviceUserId, request } = actor
  await tx.prisma.auditEvent.create({
    data: {
      id,
      actorId,
      apiKeyId,
      serviceUserId,
      ...entry,
      ...idsOf(request),
      details: (entry.details ?? {}) as Prisma.InputJsonObject,
    },
    select: { id: true },
  })
  return id
}
