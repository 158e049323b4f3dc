import type { Database, Transaction } from '../../platform/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { mintId, requireId } from '../../platform/ids.js'
import { byId, LoaderDefinition } from '../../platform/loader.js'
import type { Page } from '../../platform/page.js'
import { requireJson, requireOptionalText } from '../../platform/validate.js'
import { requireOrganization, requireProject } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { OrganizationService } from '../organizations/organization.service.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  countThreads,
  insertThread,
  type JsonObject,
  listThreads,
  selectLiveThreads,
  selectReadableThread,
  selectThreads,
  type ThreadRecord,
  type ThreadScope,
} from './thread.sql.js'

export const MAX_TITLE = 255
const MAX_METADATA_KIB = 64

export interface NewThread {
  id?: string | null
  organizationId?: string | null
  projectId?: string | null
  title?: string | null
  metadata?: JsonObject | null
}

/** An import says more of a thread than a client may. */
export interface ThreadOrigin {
  conversationId: string | null
  createdAt: Date | null
}

/** Threads: making, finding and listing them. Their messages and their end belong to others. */
export class ThreadService {
  /** soft-deleted ones too: who may see a message may see which thread it is of */
  readonly byId: LoaderDefinition<string, ThreadRecord>
  readonly liveById: LoaderDefinition<string, ThreadRecord>

  constructor(
    private readonly db: Database,
    private readonly organizations: OrganizationService,
    private readonly usage: UsageMeter,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query<ThreadRecord>(selectThreads(ids, viewerId))),
    )
    this.liveById = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query<ThreadRecord>(selectLiveThreads(ids, viewerId))),
    )
  }

  create(viewer: Viewer, input: NewThread): Promise<ThreadRecord> {
    return mutate(this.db, viewer, async (tx) => {
      const thread = await this.createIn(tx, viewer, input, { conversationId: null, createdAt: null })
      await this.usage.change(tx, thread.organizationId, { threads: 1 })
      return thread
    })
  }

  /** Leaves the usage row, the last lock of a transaction, to its caller. */
  async createIn(
    tx: Transaction,
    viewer: Viewer,
    input: NewThread,
    origin: ThreadOrigin,
  ): Promise<ThreadRecord> {
    const id = input.id == null ? mintId('thrd') : requireId('id', input.id)
    const title = requireOptionalText('title', input.title, MAX_TITLE)
    const metadata = requireMetadata(input.metadata ?? {})
    const organizationId = await this.#requirePlace(tx, viewer, input)
    const projectId = input.projectId ?? null
    const row = { id, ownerId: viewer.userId, organizationId, projectId, title, metadata, ...origin }
    const [thread] = await tx.query<ThreadRecord>(insertThread(row))
    if (!thread) throw conflict('A thread with this id exists already.', 'Thread id exists', { id })
    await recordAudit(tx, viewer, {
      action: 'thread.created',
      targetType: 'thread',
      targetId: id,
      organizationId,
    })
    return thread
  }

  async get(viewer: Viewer, threadId: string): Promise<ThreadRecord> {
    requireId('threadId', threadId)
    const [thread] = await this.db.query<ThreadRecord>(selectReadableThread(viewer.userId, threadId))
    if (!thread) throw notFound('Thread', { threadId })
    return thread
  }

  /** Every thread of an organization for any of its members, else the viewer's own and those of its organizations. */
  async list(
    viewer: Viewer,
    organizationId: string | null,
    includeDeleted: boolean,
    page: Page,
  ): Promise<{ rows: ThreadRecord[]; count: () => Promise<number> }> {
    if (organizationId !== null) await requireOrganization(this.db, viewer, 'read', organizationId)
    const scope: ThreadScope = { viewerId: viewer.userId, organizationId, includeDeleted }
    const rows = await this.db.query<ThreadRecord>(listThreads(scope, page))
    return { rows, count: () => this.#count(scope) }
  }

  async #count(scope: ThreadScope): Promise<number> {
    const [row] = await this.db.query<{ count: number }>(countThreads(scope))
    return row?.count ?? 0
  }

  async #requirePlace(tx: Transaction, viewer: Viewer, input: NewThread): Promise<string> {
    const { organizationId, projectId } = input
    if (organizationId != null) await requireOrganization(tx, viewer, 'write', organizationId)
    if (projectId == null) return organizationId ?? this.organizations.resolveDefault(tx, viewer)
    // Shared until the commit: a deletion of the project's last thread waits, and then sees this one.
    const project = await requireProject(tx, viewer, 'write', projectId, 'share')
    if (organizationId != null && project.organizationId !== organizationId) {
      throw invalid('Invalid projectId. The project belongs to another organization.', {
        projectId,
        organizationId,
      })
    }
    return project.organizationId
  }
}

export function requireMetadata(metadata: JsonObject): JsonObject {
  return JSON.parse(requireJson('metadata', metadata, MAX_METADATA_KIB))
}
