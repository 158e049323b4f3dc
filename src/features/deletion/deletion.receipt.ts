import type { DeletionMode } from '../../generated/prisma/enums.js'
import { isJsonObject } from '../../platform/json.value.js'
import type { ThreadAccess } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import type { ThreadSnapshot } from './deletion.sql.js'
import type { DeletedMetadata, DeleteThreadPayload } from './deletion.type.js'

/** Server information for receipts. */
export interface ServiceInfo {
  apiVersion: string
  serverVersion: string
  environment: string
  region: string
}

/** The result of a deletion, as input of its receipt. */
export interface Deletion {
  viewer: Viewer
  thread: ThreadAccess
  snapshot: ThreadSnapshot
  mode: DeletionMode
  deletedAt: Date
  restoreUntil: Date | null
  projectDeleted: boolean | null
  warnings: string[]
  /** an outside effect or a long purge is still pending */
  isUnderWay: boolean
  auditLogId: string
  /** null without a backup */
  backupLocation: string | null
  /** milliseconds */
  durationMs: number
}

/** Builds the receipt. Unknown values are null, never invented. */
export function writeReceipt(deletion: Deletion, service: ServiceInfo): DeleteThreadPayload {
  const { viewer, thread, snapshot, mode, warnings } = deletion
  const { requestId, traceId, correlationId, clientVersion } = viewer.request
  const isSoft = mode === 'SOFT'
  return {
    status: deletion.isUnderWay ? 'PARTIAL' : 'SUCCESS',
    message: 'Thread deleted successfully',
    threadId: thread.id,
    deletedMessageCount: snapshot.messageCount,
    deletedAgentRunCount: snapshot.agentRunCount,
    deletedVectorCount: snapshot.vectorCount,
    deletedAt: deletion.deletedAt,
    deletedBy: viewer.userId,
    softDelete: isSoft,
    permanentDelete: !isSoft,
    canRestore: isSoft,
    restoreUntil: deletion.restoreUntil,
    threadTitle: snapshot.title,
    projectId: thread.projectId,
    projectDeleted: deletion.projectDeleted,
    conversationId: snapshot.conversationId,
    errors: [],
    warnings,
    errorCount: 0,
    warningCount: warnings.length,
    auditLogId: deletion.auditLogId,
    backupCreated: deletion.backupLocation !== null,
    backupLocation: deletion.backupLocation,
    requestId,
    userId: thread.ownerId,
    sessionId: viewer.sessionId,
    traceId,
    correlationId,
    operationDurationMs: Math.round(deletion.durationMs * 1_000) / 1_000,
    ...service,
    clientVersion,
    timestamp: new Date(),
    customMetadata: readMetadata(snapshot.metadata.customMetadata),
    deprecationNotice: null,
    migrationGuide: null,
    extra: readMetadata(snapshot.metadata.extra),
  }
}

function readMetadata(member: unknown): DeletedMetadata | null {
  if (!isJsonObject(member)) return null
  return {
    tags: readStrings(member.tags),
    labels: readStrings(member.labels),
    annotations: readStrings(member.annotations),
    extra: readStrings(member.extra),
    source: typeof member.source === 'string' ? member.source : null,
    version: typeof member.version === 'string' ? member.version : null,
  }
}

function readStrings(member: unknown): Record<string, string> | null {
  if (!isJsonObject(member)) return null
  return Object.fromEntries(
    Object.entries(member).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
