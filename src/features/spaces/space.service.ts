import type { OrganizationRole, SpaceAccessMode, SpaceRole } from '../../generated/prisma/enums.js'
import type { Database, Queryable } from '../../platform/database/database.js'
import { conflict, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { byId, LoaderDefinition, type Loaders, PagesDefinition } from '../../platform/graphql/loader.js'
import type { Page } from '../../platform/graphql/page.js'
import { mintId, requireId } from '../../platform/ids.js'
import { requireOptionalText, requireText } from '../../platform/validate.js'
import { announceAccess } from '../access/access.events.js'
import { requireFormerSpace, requireOrganization, requireSpace } from '../access/access.js'
import { can } from '../access/access.policy.js'
import { type SpaceAccessRow, selectSpaceAccess } from '../access/access.sql.js'
import { insertNamedUser } from '../access/identity.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { EmbeddingModel } from '../embedders/embedders.js'
import type { LinkRemoval } from '../stores/link.removal.js'
import { lockStores, type RemovedLinks } from '../stores/link.removal.sql.js'
import type { StoreBuilder } from '../stores/store.builder.js'
import {
  type GrantRecord,
  insertSpace,
  listGrants,
  listSpaces,
  listSpacesOfThreads,
  markSpaceDeleted,
  type SpaceOfThread,
  type SpaceRecord,
  selectVisibleSpaces,
} from './space.sql.js'

const MAX_NAME = 255
const MAX_DESCRIPTION = 4_000

export interface NewSpace {
  id?: string | null
  organizationId: string
  name: string
  description?: string | null
  accessMode?: SpaceAccessMode | null
}

/** Whom access is given to. */
export type Grantee = { userId: string } | { organizationRole: OrganizationRole }

/** Spaces and who may use them. What is in them belongs to LinkService. */
export class SpaceService {
  readonly byId: LoaderDefinition<string, SpaceRecord>
  readonly standingById: LoaderDefinition<string, SpaceAccessRow>
  readonly pagesOfThread: PagesDefinition<SpaceOfThread>
  readonly #grantsById: LoaderDefinition<string, GrantRecord[]>

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly removal: LinkRemoval,
    private readonly builder: StoreBuilder,
    /** that new spaces get */
    private readonly model: EmbeddingModel,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query(selectVisibleSpaces(ids, viewerId))),
    )
    this.standingById = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query(selectSpaceAccess(viewerId, ids, 'none'))),
    )
    this.pagesOfThread = new PagesDefinition(
      ({ threadId }) => threadId,
      (threadIds, page, { viewerId }) => db.query(listSpacesOfThreads(viewerId, threadIds, page)),
    )
    this.#grantsById = new LoaderDefinition(async (ids) => {
      const grants = await db.query(listGrants(ids))
      return new Map(ids.map((id) => [id, grants.filter(({ spaceId }) => spaceId === id)]))
    })
  }

  create(viewer: Viewer, input: NewSpace): Promise<SpaceRecord> {
    const id = input.id == null ? mintId('space') : requireId('id', input.id)
    const require = (tx: Queryable) => requireOrganization(tx, viewer, 'write', input.organizationId)
    return mutate(this.db, viewer, {
      require,
      work: async (tx, { id: organizationId }) => {
        const [space] = await tx.query(
          insertSpace({
            id,
            organizationId,
            creatorId: viewer.userId,
            name: requireText('name', input.name, 1, MAX_NAME),
            description: requireOptionalText('description', input.description, MAX_DESCRIPTION),
            accessMode: input.accessMode ?? 'PRIVATE',
            embeddingModel: this.model.model,
            embeddingDimensions: this.model.dimensions,
          }),
        )
        if (!space) throw conflict('A space with this id exists already.', 'Space id exists', { id })
        await recordAudit(tx, viewer, {
          action: 'space.created',
          targetType: 'space',
          targetId: id,
          organizationId,
        })
        return space
      },
      requireReply: async (tx, space) => {
        await require(tx)
        await requireSpace(tx, viewer, 'read', space.id)
      },
    })
  }

  get(viewer: Viewer, spaceId: string): Promise<SpaceRecord> {
    return getSpace(this.db, viewer, spaceId)
  }

  async list(viewer: Viewer, organizationId: string | null, page: Page): Promise<SpaceRecord[]> {
    if (organizationId !== null) await requireOrganization(this.db, viewer, 'read', organizationId)
    return this.db.query(listSpaces(viewer.userId, organizationId, page))
  }

  /** Gives access, or changes what was given. A user may be named before its first request. */
  grant(viewer: Viewer, spaceId: string, grantee: Grantee, role: SpaceRole): Promise<SpaceRecord> {
    return mutate(this.db, viewer, {
      require: (tx) => requireSpace(tx, viewer, 'manage', spaceId),
      work: async (tx) => {
        const space = await requireSpace(tx, viewer, 'manage', spaceId, 'share')
        if ('userId' in grantee) await tx.query(insertNamedUser(requireId('userId', grantee.userId)))
        await tx.prisma.spaceGrant.upsert({
          where: grantKey(spaceId, grantee),
          create: { id: mintId('grant'), spaceId, ...grantee, role },
          update: { role },
        })
        await recordAudit(tx, viewer, {
          action: 'space.access-granted',
          targetType: 'space',
          targetId: spaceId,
          organizationId: space.organizationId,
          details: { ...grantee, role },
        })
        return getSpace(tx, viewer, spaceId)
      },
    })
  }

  /** Takes back what was given; nothing to take back is no error. */
  revoke(viewer: Viewer, spaceId: string, grantee: Grantee): Promise<SpaceRecord> {
    return mutate(this.db, viewer, {
      require: (tx) => requireSpace(tx, viewer, 'manage', spaceId),
      work: async (tx) => {
        const space = await requireSpace(tx, viewer, 'manage', spaceId, 'share')
        if ('userId' in grantee) requireId('userId', grantee.userId)
        const before = await getSpace(tx, viewer, spaceId)
        await tx.prisma.spaceGrant.deleteMany({ where: { spaceId, ...grantee } })
        announceAccess(tx, this.bus, 'userId' in grantee ? grantee : { spaceId })
        await recordAudit(tx, viewer, {
          action: 'space.access-revoked',
          targetType: 'space',
          targetId: spaceId,
          organizationId: space.organizationId,
          details: { ...grantee },
        })
        return before
      },
    })
  }

  /** Who was given access is told to who may edit; null for others. */
  async grants(viewer: Viewer, loaders: Loaders, standing: SpaceAccessRow): Promise<GrantRecord[] | null> {
    if (!can(viewer, 'edit', { ...standing, kind: 'space' })) return null
    return loaders.load(this.#grantsById, standing.id)
  }

  /** Locks the space's stores first: a worker that is about to write into one waits, and then finds it retired. */
  delete(viewer: Viewer, spaceId: string): Promise<RemovedLinks> {
    return mutate(this.db, viewer, {
      require: (tx) => requireSpace(tx, viewer, 'manage', spaceId),
      work: async (tx) => {
        const space = await requireSpace(tx, viewer, 'manage', spaceId, 'update')
        await this.builder.cancel(tx, spaceId)
        await tx.query(lockStores(spaceId))
        const removed = await this.removal.removeLinks(tx, spaceId)
        await tx.query(markSpaceDeleted(spaceId))
        await recordAudit(tx, viewer, {
          action: 'space.deleted',
          targetType: 'space',
          targetId: spaceId,
          organizationId: space.organizationId,
          details: { ...removed },
        })
        return removed
      },
      requireReply: (tx) => requireFormerSpace(tx, viewer, spaceId),
    })
  }
}

export async function getSpace(tx: Queryable, viewer: Viewer, spaceId: string): Promise<SpaceRecord> {
  requireId('spaceId', spaceId)
  const [space] = await tx.query(selectVisibleSpaces([spaceId], viewer.userId))
  if (!space) throw notFound('Space', { spaceId })
  return space
}

function grantKey(spaceId: string, grantee: Grantee) {
  return 'userId' in grantee
    ? { spaceId_userId: { spaceId, userId: grantee.userId } }
    : { spaceId_organizationRole: { spaceId, organizationRole: grantee.organizationRole } }
}
