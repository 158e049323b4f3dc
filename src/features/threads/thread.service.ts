import type { Prisma } from '../../generated/prisma/client.js'
import type { Database, Queryable, Transaction } from '../../platform/database/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { byId, LoaderDefinition } from '../../platform/graphql/loader.js'
import type { Page } from '../../platform/graphql/page.js'
import { mintId, requireId } from '../../platform/ids.js'
import { requireJson, requireOptionalText } from '../../platform/validate.js'
import { requireOrganization, requireProject, requireThread } from '../access/access.js'
import type { Lock } from '../access/access.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { OrganizationService } from '../organizations/organization.service.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  countThreads,
  type JsonObject,
  listThreads,
  selectLiveThreads,
  selectReadableThread,
  selectThreads,
  type ThreadRecord,
  type ThreadScope,
  threadFields,
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

/** Threads: creating, finding and listing them. Messages and deletion are separate features. */
export class ThreadService {
  /** including soft-deleted ones: whoever may see a message may see which thread it belongs to */
  readonly byId: LoaderDefinition<string, ThreadRecord>
  readonly liveById: LoaderDefinition<string, ThreadRecord>

  constructor(
    private readonly db: Database,
    private readonly organizations: OrganizationService,
    private readonly usage: UsageMeter,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query(selectThreads(ids, viewerId))),
    )
    this.liveById = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query(selectLiveThreads(ids, viewerId))),
    )
  }

  create(viewer: Viewer, input: NewThread): Promise<ThreadRecord> {
    const require = (tx: Queryable) => requirePlace(tx, viewer, input, 'none')
    return mutate(this.db, viewer, {
      require,
      work: (tx, place) => this.#create(tx, viewer, input, place),
      requireReply: async (tx, thread) => {
        await require(tx)
        await requireThread(tx, viewer, 'write', thread.id)
      },
    })
  }

  async #create(
    tx: Transaction,
    viewer: Viewer,
    input: NewThread,
    place: string | null,
  ): Promise<ThreadRecord> {
    const id = input.id == null ? mintId('thrd') : requireId('id', input.id)
    const title = requireOptionalText('title', input.title, MAX_TITLE)
    const metadata = requireMetadata(input.metadata ?? {})
    const projectId = input.projectId ?? null
    // Share-locked until the commit: a concurrent deletion of the project's last thread waits, and then sees this one.
    if (projectId !== null) await requirePlace(tx, viewer, input, 'share')
    const organizationId = place ?? (await this.organizations.openPersonal(tx, viewer)).id
    const row = { id, ownerId: viewer.userId, organizationId, projectId, title }
    const [thread] = await tx.prisma.thread.createManyAndReturn({
      data: [{ ...row, metadata: metadata as Prisma.InputJsonObject }],
      skipDuplicates: true,
      select: { ...threadFields, metadata: true },
    })
    if (!thread) throw conflict('A thread with this id already exists.', 'Thread id exists', { id })
    await recordAudit(tx, viewer, {
      action: 'thread.created',
      targetType: 'thread',
      targetId: id,
      organizationId,
    })
    await this.usage.change(tx, organizationId, { threads: 1 })
    return { ...thread, metadata: thread.metadata as JsonObject, isReadable: true }
  }

  async get(viewer: Viewer, threadId: string): Promise<ThreadRecord> {
    requireId('threadId', threadId)
    const [thread] = await this.db.query(selectReadableThread(viewer.userId, threadId))
    if (!thread) throw notFound('Thread', { threadId })
    return thread
  }

  /** All threads of an organization for any of its members; without one, the viewer's own and those of its organizations. */
  async list(
    viewer: Viewer,
    organizationId: string | null,
    includeDeleted: boolean,
    page: Page,
  ): Promise<{ rows: ThreadRecord[]; count: () => Promise<number> }> {
    if (organizationId !== null) await requireOrganization(this.db, viewer, 'read', organizationId)
    const scope: ThreadScope = { viewerId: viewer.userId, organizationId, includeDeleted }
    const rows = await this.db.query(listThreads(scope, page))
    return { rows, count: () => this.#count(scope) }
  }

  async #count(scope: ThreadScope): Promise<number> {
    const [row] = await this.db.query(countThreads(scope))
    return row?.count ?? 0
  }
}

/** @returns the named organization; null if none is named */
async function requirePlace(
  tx: Queryable,
  viewer: Viewer,
  { organizationId, projectId }: NewThread,
  lock: Lock,
): Promise<string | null> {
  if (organizationId != null) await requireOrganization(tx, viewer, 'write', organizationId)
  if (projectId == null) return organizationId ?? null
  const project = await requireProject(tx, viewer, 'write', projectId, lock)
  if (organizationId == null || project.organizationId === organizationId) return project.organizationId
  throw invalid('Invalid projectId. The project belongs to another organization.', {
    projectId,
    organizationId,
  })
}

export function requireMetadata(metadata: JsonObject): JsonObject {
  return JSON.parse(requireJson('metadata', metadata, MAX_METADATA_KIB))
}
