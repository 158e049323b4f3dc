import type { OrganizationRole } from '../../generated/prisma/enums.js'
import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { conflict, forbidden, invalid } from '../../platform/errors.js'
import { mintId, requireId } from '../../platform/ids.js'
import { byId, LoaderDefinition } from '../../platform/loader.js'
import type { Page } from '../../platform/page.js'
import { requireText } from '../../platform/validate.js'
import { announceAccess } from '../access/access.events.js'
import { findWritableOrganizations, requireOrganization } from '../access/access.js'
import { insertNamedUser, lockUser } from '../access/identity.sql.js'
import { mutate, mutateModels } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  insertOrganization,
  listOrganizations,
  lockOwners,
  type OrganizationRecord,
  selectOrganizations,
} from './organization.sql.js'

const MAX_NAME = 255
const PERSONAL_NAME = 'Personal'

/** Tenants and who belongs to them. */
export class OrganizationService {
  readonly byId: LoaderDefinition<string, OrganizationRecord>

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly usage: UsageMeter,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query<OrganizationRecord>(selectOrganizations(ids, viewerId))),
    )
  }

  create(viewer: Viewer, name: string): Promise<OrganizationRecord> {
    const valid = requireText('name', name, 1, MAX_NAME)
    return mutate(this.db, viewer, async (tx) => {
      const organization = await this.#create(tx, viewer, valid)
      await recordAudit(tx, viewer, {
        action: 'organization.created',
        targetType: 'organization',
        targetId: organization.id,
        organizationId: organization.id,
      })
      return organization
    })
  }

  list(viewer: Viewer, page: Page): Promise<OrganizationRecord[]> {
    return this.db.query(listOrganizations(viewer.userId, page))
  }

  /** Adds a user, or gives a member another role. Only an OWNER makes or lowers an OWNER, and one always stays. */
  addMember(
    viewer: Viewer,
    organizationId: string,
    userId: string,
    role: OrganizationRole,
  ): Promise<{ userId: string; role: OrganizationRole }> {
    return mutateModels(this.db, viewer, async (tx) => {
      requireId('userId', userId)
      const organization = await requireOrganization(tx, viewer, 'manage', organizationId)
      const owners = await tx.query<{ userId: string }>(lockOwners(organizationId))
      const isOwner = owners.some((owner) => owner.userId === userId)
      if ((isOwner || role === 'OWNER') && organization.role !== 'OWNER') {
        throw forbidden('Owner role required', 'Only an owner makes or lowers an owner.', {
          organizationId,
          userId,
        })
      }
      if (isOwner && role !== 'OWNER' && owners.length === 1) {
        throw conflict('An organization keeps at least one owner.', 'Last owner', { organizationId, userId })
      }
      await tx.query(insertNamedUser(userId))
      const key = { organizationId, userId }
      await tx.prisma.member.upsert({
        where: { organizationId_userId: key },
        create: { ...key, role },
        update: { role },
      })
      announceAccess(tx, this.bus, { userId })
      await recordAudit(tx, viewer, {
        action: 'organization.member-added',
        targetType: 'user',
        targetId: userId,
        organizationId,
        details: { role },
      })
      return { userId, role }
    })
  }

  /** Where something goes that names no organization: the only one the viewer may write to, else one of its own. */
  async resolveDefault(tx: Transaction, viewer: Viewer): Promise<string> {
    const [only, another] = await findWritableOrganizations(tx, viewer)
    if (another) throw invalid('Pass organizationId: you may write to more than one organization.')
    return only?.id ?? this.#openPersonal(tx, viewer)
  }

  /** Two first calls of one user make one organization: the second waits at the user's row. */
  async #openPersonal(tx: Transaction, viewer: Viewer): Promise<string> {
    await tx.query(lockUser(viewer.userId))
    const [existing] = await findWritableOrganizations(tx, viewer)
    return existing?.id ?? (await this.#create(tx, viewer, PERSONAL_NAME)).id
  }

  async #create(tx: Transaction, viewer: Viewer, name: string): Promise<OrganizationRecord> {
    const id = mintId('org')
    const [organization] = await tx.query<OrganizationRecord>(insertOrganization(id, name, viewer.userId))
    await this.usage.open(tx, id)
    return organization as OrganizationRecord
  }
}
