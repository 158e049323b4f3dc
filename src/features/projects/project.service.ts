import type { Database, Queryable, Transaction } from '../../platform/database/database.js'
import { conflict, HeddleError, invalid, notFound } from '../../platform/errors.js'
import { byId, LoaderDefinition } from '../../platform/graphql/loader.js'
import type { Page } from '../../platform/graphql/page.js'
import { findReply } from '../../platform/idempotency/idempotency.js'
import { mintId, requireId } from '../../platform/ids.js'
import { requireText } from '../../platform/validate.js'
import { requireOrganization, requireProject } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  countLiveThreads,
  listProjects,
  type ProjectRecord,
  selectProjects,
  selectSandboxDeletion,
} from './project.sql.js'
import { SANDBOX_DELETION, type SandboxClient } from './sandbox.service.js'

const MAX_NAME = 255

export interface NewProject {
  organizationId: string
  name: string
  sandboxId?: string | null
}

/** Projects of an organization. A project is deleted with its last thread, by the deletion of threads. */
export class ProjectService {
  readonly byId: LoaderDefinition<string, ProjectRecord>
  readonly threadCount: LoaderDefinition<string, number>

  constructor(
    private readonly db: Database,
    private readonly usage: UsageMeter,
    /** null: no sandbox service is configured */
    private readonly sandboxes: SandboxClient | null,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query(selectProjects(ids, viewerId))),
    )
    this.threadCount = new LoaderDefinition(async (ids) => {
      const rows = await db.query(countLiveThreads(ids))
      return new Map(rows.map(({ id, count }) => [id, count]))
    })
  }

  /** Includes its count of threads, so that the reply needs no query outside the transaction. */
  async create(viewer: Viewer, input: NewProject): Promise<ProjectRecord & { threadCount: number }> {
    const require = (tx: Queryable) => requireOrganization(tx, viewer, 'write', input.organizationId)
    const sandboxId = input.sandboxId ?? null
    if (sandboxId !== null) {
      const { id } = await require(this.db)
      const isRepeated = (await findReply(this.db, viewer.userId, viewer.call)) !== null
      if (!isRepeated) await this.#requireSandbox(id, sandboxId)
    }
    return mutate(this.db, viewer, {
      require,
      work: async (tx, { id: organizationId }) => {
        const name = requireText('name', input.name, 1, MAX_NAME)
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
        // After the insert, which waits for a concurrent deletion of a project with the same sandbox.
        if (sandboxId !== null) await requireStaying(tx, sandboxId)
        await recordAudit(tx, viewer, {
          action: 'project.created',
          targetType: 'project',
          targetId: project.id,
          organizationId,
        })
        await this.usage.change(tx, organizationId, { projects: 1 })
        return { ...project, threadCount: 0 }
      },
      requireReply: async (tx, project) => {
        await require(tx)
        await requireProject(tx, viewer, 'write', project.id)
      },
    })
  }

  async get(viewer: Viewer, id: string): Promise<ProjectRecord> {
    requireId('projectId', id)
    const [project] = await this.db.query(selectProjects([id], viewer.userId))
    if (!project) throw notFound('Project', { projectId: id })
    return project
  }

  async list(viewer: Viewer, organizationId: string, page: Page): Promise<ProjectRecord[]> {
    await requireOrganization(this.db, viewer, 'read', organizationId)
    return this.db.query(listProjects(organizationId, page))
  }

  /**
   * Deleting a project deletes its sandbox with the operator's key, so the sandbox must belong to the project's organization.
   * Checked outside the transaction, because a transaction must not wait for an outside service.
   */
  async #requireSandbox(organizationId: string, sandboxId: string): Promise<void> {
    if (!this.sandboxes) {
      throw invalid('Invalid sandboxId. No sandbox service is configured: set SANDBOX_API_URL.', {
        sandboxId,
      })
    }
    requireId('sandboxId', sandboxId)
    const owner = await this.sandboxes.findOrganization(sandboxId).catch((cause: unknown) => {
      throw new HeddleError(
        'SERVICE_UNAVAILABLE',
        'The sandbox service is unavailable, so the owner of the sandbox cannot be checked. Try again in a moment.',
        { systemMessage: 'Sandbox service unavailable', details: { sandboxId }, cause },
      )
    })
    if (owner !== organizationId) throw notFound('Sandbox', { sandboxId })
  }
}

/** Otherwise deleting one project would delete the sandbox of another. A unique index stops concurrent calls. */
async function requireUnused(tx: Transaction, sandboxId: string): Promise<void> {
  const user = await tx.prisma.project.findFirst({ where: { sandboxId }, select: { id: true } })
  if (user) throw conflict('Another project uses this sandbox.', 'Sandbox in use', { sandboxId })
}

/** Its former project was deleted, and the sandbox's deletion is still pending. */
async function requireStaying(tx: Transaction, sandboxId: string): Promise<void> {
  const [deletion] = await tx.query(selectSandboxDeletion(SANDBOX_DELETION, sandboxId))
  if (deletion) throw conflict('The sandbox is being deleted.', 'Sandbox in use', { sandboxId })
}
