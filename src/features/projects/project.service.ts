import type { Database, ModelTransaction } from '../../platform/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { mintId, requireId } from '../../platform/ids.js'
import { byId, LoaderDefinition } from '../../platform/loader.js'
import type { Page } from '../../platform/page.js'
import { requireText } from '../../platform/validate.js'
import { requireOrganization } from '../access/access.js'
import { mutateModels } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import { countLiveThreads, listProjects, type ProjectRecord, selectProjects } from './project.sql.js'

const MAX_NAME = 255

export interface NewProject {
  organizationId: string
  name: string
  sandboxId?: string | null
}

/** Projects of an organization. They end with their last thread, which the deletion of threads sees to. */
export class ProjectService {
  readonly byId: LoaderDefinition<string, ProjectRecord>
  readonly threadCount: LoaderDefinition<string, number>

  constructor(
    private readonly db: Database,
    private readonly usage: UsageMeter,
    private readonly hasSandboxService: boolean,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query<ProjectRecord>(selectProjects(ids, viewerId))),
    )
    this.threadCount = new LoaderDefinition(async (ids) => {
      const rows = await db.query<{ id: string; count: number }>(countLiveThreads(ids))
      return new Map(rows.map(({ id, count }) => [id, count]))
    })
  }

  /** With its count of threads, so that the reply needs no look beside the transaction. */
  create(viewer: Viewer, input: NewProject): Promise<ProjectRecord & { threadCount: number }> {
    return mutateModels(this.db, viewer, async (tx) => {
      const { id: organizationId } = await requireOrganization(tx, viewer, 'write', input.organizationId)
      const name = requireText('name', input.name, 1, MAX_NAME)
      const sandboxId = this.#requireSandboxId(input.sandboxId)
      if (sandboxId !== null) await requireUnused(tx, sandboxId)
      const project = await tx.prisma.project.create({
        data: {
          id: mintId('proj'),
          organizationId,
          name,
          sandboxId,
          sandboxStatus: sandboxId === null ? null : 'ACTIVE',
        },
      })
      await recordAudit(tx, viewer, {
        action: 'project.created',
        targetType: 'project',
        targetId: project.id,
        organizationId,
      })
      await this.usage.change(tx, organizationId, { projects: 1 })
      return { ...project, threadCount: 0 }
    })
  }

  async get(viewer: Viewer, id: string): Promise<ProjectRecord> {
    requireId('projectId', id)
    const [project] = await this.db.query<ProjectRecord>(selectProjects([id], viewer.userId))
    if (!project) throw notFound('Project', { projectId: id })
    return project
  }

  async list(viewer: Viewer, organizationId: string, page: Page): Promise<ProjectRecord[]> {
    await requireOrganization(this.db, viewer, 'read', organizationId)
    return this.db.query(listProjects(organizationId, page))
  }

  // Accepting a sandbox that nobody could delete would leave it running for ever.
  #requireSandboxId(sandboxId: string | null | undefined): string | null {
    if (sandboxId == null) return null
    if (!this.hasSandboxService) {
      throw invalid('Invalid sandboxId. No sandbox service is configured: set SANDBOX_API_URL.', {
        sandboxId,
      })
    }
    return requireId('sandboxId', sandboxId)
  }
}

/** It would be deleted with one project under the other. Two that name it at once meet at its unique index. */
async function requireUnused(tx: ModelTransaction, sandboxId: string): Promise<void> {
  const user = await tx.prisma.project.findUnique({ where: { sandboxId }, select: { id: true } })
  if (user) throw conflict('Another project has this sandbox.', 'Sandbox in use', { sandboxId })
}
