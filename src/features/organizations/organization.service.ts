import type { Database, Transaction } from '../../platform/database/database.js'
import { byId, LoaderDefinition } from '../../platform/graphql/loader.js'
import type { Page } from '../../platform/graphql/page.js'
import { mintId } from '../../platform/ids.js'
import { requireText } from '../../platform/validate.js'
import { requireOrganization } from '../access/access.js'
import { lockUser } from '../access/identity.sql.js'
import { mutate, requireNothing } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  listOrganizations,
  type OrganizationRecord,
  organizationColumns,
  selectOrganizations,
  selectPersonal,
} from './organization.sql.js'

const MAX_NAME = 255
const PERSONAL_NAME = 'Personal'

/** Organizations: creating and finding them. */
export class OrganizationService {
  readonly byId: LoaderDefinition<string, OrganizationRecord>

  constructor(
    private readonly db: Database,
    private readonly usage: UsageMeter,
  ) {
    this.byId = new LoaderDefinition(async (ids, viewerId) =>
      byId(await db.query(selectOrganizations(ids, viewerId))),
    )
  }

  create(viewer: Viewer, name: string): Promise<OrganizationRecord> {
    const valid = requireText('name', name, 1, MAX_NAME)
    return mutate(this.db, viewer, {
      require: requireNothing,
      work: async (tx) => {
        const organization = await this.#create(tx, viewer, valid, false)
        await recordAudit(tx, viewer, {
          action: 'organization.created',
          targetType: 'organization',
          targetId: organization.id,
          organizationId: organization.id,
        })
        return organization
      },
      requireReply: (tx, { id }) => requireOrganization(tx, viewer, 'read', id),
    })
  }

  list(viewer: Viewer, page: Page): Promise<OrganizationRecord[]> {
    return this.db.query(listOrganizations(viewer.userId, page))
  }

  /** The organization for what the viewer creates without naming one, regardless of other memberships. */
  async openPersonal(tx: Transaction, viewer: Viewer): Promise<OrganizationRecord> {
    const [known] = await tx.query(selectPersonal(viewer.userId))
    if (known) return known
    // Two concurrent first calls of one user create one organization: the second waits for the user's row.
    await tx.query(lockUser(viewer.userId))
    const [made] = await tx.query(selectPersonal(viewer.userId))
    return made ?? this.#create(tx, viewer, PERSONAL_NAME, true)
  }

  /** The same, for clients that need its id. */
  openOwn(viewer: Viewer): Promise<OrganizationRecord> {
    return mutate(this.db, viewer, {
      require: requireNothing,
      work: async (tx) => {
        const organization = await this.openPersonal(tx, viewer)
        await recordAudit(tx, viewer, {
          action: 'organization.personal-opened',
          targetType: 'organization',
          targetId: organization.id,
          organizationId: organization.id,
        })
        return organization
      },
    })
  }

  async findPersonal(viewer: Viewer): Promise<OrganizationRecord | null> {
    const [organization] = await this.db.query(selectPersonal(viewer.userId))
    return organization ?? null
  }

  async #create(
    tx: Transaction,
    { userId }: Viewer,
    name: string,
    isPersonal: boolean,
  ): Promise<OrganizationRecord> {
    const id = mintId('org')
    const organization = await tx.prisma.organization.create({
      data: { id, name, personalUserId: isPersonal ? userId : null },
      select: organizationColumns,
    })
    await tx.prisma.member.create({
      data: { organizationId: id, userId, role: 'OWNER', acceptedAt: tx.now },
      select: { userId: true },
    })
    await this.usage.open(tx, id)
    return { ...organization, isMember: true }
  }
}
