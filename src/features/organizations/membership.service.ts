import type { OrganizationRole } from '../../generated/prisma/enums.js'
import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, forbidden, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import type { Page } from '../../platform/graphql/page.js'
import { requireId, requireOrganizationId } from '../../platform/ids.js'
import { announceAccess } from '../access/access.events.js'
import { requireOrganization } from '../access/access.js'
import type { OrganizationAccessRow } from '../access/access.sql.js'
import { insertNamedUser } from '../access/identity.sql.js'
import { mutate, requireNothing } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { MembershipObserver } from './membership.observer.js'
import {
  acceptMember,
  listMembers,
  listMemberships,
  lockMember,
  lockOwners,
  type MemberRecord,
  memberColumns,
} from './membership.sql.js'

/**
 * Memberships of organizations. A user who is added must accept before lists and searches include the organization. An
 * organization always keeps an owner who has accepted.
 */
export class MembershipService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly observer: MembershipObserver,
  ) {}

  /** The viewer's own, newest first. */
  listOwn(viewer: Viewer, page: Page): Promise<MemberRecord[]> {
    return this.db.query(listMemberships(viewer.userId, page))
  }

  list(organizationId: string, page: Page): Promise<MemberRecord[]> {
    return this.db.query(listMembers(organizationId, page))
  }

  /** Adds a user, or changes a member's role. Only an OWNER can grant or take away OWNER, and one always remains. */
  add(viewer: Viewer, organizationId: string, userId: string, role: OrganizationRole): Promise<MemberRecord> {
    requireId('userId', userId)
    return mutate(this.db, viewer, {
      require: (tx) => requireOrganization(tx, viewer, 'manage', organizationId),
      work: async (tx, organization) => {
        await requireOwnersKept(tx, organization, userId, role)
        await tx.query(insertNamedUser(userId))
        // A new membership is pending. One that exists keeps its state and gets the role.
        const member = await tx.prisma.member.upsert({
          where: { organizationId_userId: { organizationId, userId } },
          create: { organizationId, userId, role, invitedById: viewer.userId },
          update: { role },
          select: memberColumns,
        })
        announceAccess(tx, this.bus, { userId })
        await this.#record(tx, viewer, 'member-added', organizationId, userId, { role })
        return member
      },
    })
  }

  accept(viewer: Viewer, organizationId: string): Promise<MemberRecord> {
    requireOrganizationId(organizationId)
    return mutate(this.db, viewer, {
      require: requireNothing,
      work: async (tx) => {
        const [member] = await tx.query(acceptMember(organizationId, viewer.userId))
        if (!member) throw notFound('Membership', { organizationId })
        await this.#record(tx, viewer, 'membership-accepted', organizationId, viewer.userId)
        return member
      },
      requireReply: (tx) => requireOrganization(tx, viewer, 'read', organizationId),
    })
  }

  /** Only while pending, so that nobody leaves an organization by mistake. */
  decline(viewer: Viewer, organizationId: string): Promise<{ organizationId: string }> {
    requireOrganizationId(organizationId)
    return mutate(this.db, viewer, {
      require: requireNothing,
      work: async (tx) => {
        const [member] = await tx.query(lockMember(organizationId, viewer.userId))
        if (!member) throw notFound('Membership', { organizationId })
        if (member.acceptedAt !== null) {
          throw conflict('You have accepted this membership.', 'Membership accepted', { organizationId })
        }
        await this.#end(tx, organizationId, viewer.userId)
        await this.#record(tx, viewer, 'membership-declined', organizationId, viewer.userId)
        return { organizationId }
      },
    })
  }

  /** Changes the role of an existing or invited member; adds nobody. */
  update(
    viewer: Viewer,
    organizationId: string,
    userId: string,
    role: OrganizationRole,
  ): Promise<MemberRecord> {
    requireId('userId', userId)
    return mutate(this.db, viewer, {
      require: (tx) => requireOrganization(tx, viewer, 'manage', organizationId),
      work: async (tx, organization) => {
        await requireMember(tx, organization, userId, role)
        const member = await tx.prisma.member.update({
          where: { organizationId_userId: { organizationId, userId } },
          data: { role },
          select: memberColumns,
        })
        announceAccess(tx, this.bus, { userId })
        await this.#record(tx, viewer, 'member-updated', organizationId, userId, { role })
        return member
      },
    })
  }

  remove(
    viewer: Viewer,
    organizationId: string,
    userId: string,
  ): Promise<{ organizationId: string; userId: string }> {
    requireId('userId', userId)
    return mutate(this.db, viewer, {
      require: (tx) => requireOrganization(tx, viewer, 'manage', organizationId),
      work: async (tx, organization) => {
        await requireMember(tx, organization, userId, null)
        await this.#end(tx, organizationId, userId)
        await this.#record(tx, viewer, 'member-removed', organizationId, userId)
        return { organizationId, userId }
      },
      // After removing oneself, one has no access left to manage members, but may still get the reply.
      requireReply: async (tx) => {
        if (userId !== viewer.userId) await requireOrganization(tx, viewer, 'manage', organizationId)
      },
    })
  }

  leave(viewer: Viewer, organizationId: string): Promise<{ organizationId: string }> {
    return mutate(this.db, viewer, {
      require: (tx) => requireOrganization(tx, viewer, 'read', organizationId),
      work: async (tx, organization) => {
        await requireOwnersKept(tx, organization, viewer.userId, null)
        await this.#end(tx, organizationId, viewer.userId)
        await this.#record(tx, viewer, 'member-left', organizationId, viewer.userId)
        return { organizationId }
      },
      requireReply: requireNothing,
    })
  }

  /** What the user created stays with the organization; the user's own access to it ends. */
  async #end(tx: Transaction, organizationId: string, userId: string): Promise<void> {
    const { count } = await tx.prisma.member.deleteMany({ where: { organizationId, userId } })
    if (count === 0) throw notFound('Member', { organizationId, userId })
    await this.observer.ended(tx, organizationId, userId)
    announceAccess(tx, this.bus, { userId })
  }

  async #record(
    tx: Transaction,
    viewer: Viewer,
    deed: string,
    organizationId: string,
    userId: string,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    const target = { targetType: 'user', targetId: userId } as const
    await recordAudit(tx, viewer, { action: `organization.${deed}`, ...target, organizationId, details })
  }
}

/** Throws unless the user is a member and may get this role, or be removed if it is null. */
async function requireMember(
  tx: Transaction,
  organization: OrganizationAccessRow,
  userId: string,
  role: OrganizationRole | null,
): Promise<void> {
  await requireOwnersKept(tx, organization, userId, role)
  const [member] = await tx.query(lockMember(organization.id, userId))
  if (!member) throw notFound('Member', { organizationId: organization.id, userId })
}

/** Throws if the new role, or null for removal, would grant or take away OWNER against the rules. */
async function requireOwnersKept(
  tx: Transaction,
  organization: OrganizationAccessRow,
  userId: string,
  role: OrganizationRole | null,
): Promise<void> {
  const details = { organizationId: organization.id, userId }
  const owners = await tx.query(lockOwners(organization.id))
  const owner = owners.find((each) => each.userId === userId)
  if ((owner || role === 'OWNER') && organization.role !== 'OWNER') {
    throw forbidden('Owner role required', 'Only an owner can grant or take away the owner role.', details)
  }
  if (owner?.isPersonal && role !== 'OWNER') {
    throw conflict(
      'The owner of a personal organization cannot be changed or removed.',
      'Personal organization',
      details,
    )
  }
  // An invited owner may never accept.
  const others = owners.filter((each) => each.acceptedAt !== null && each !== owner)
  if (owner?.acceptedAt && role !== 'OWNER' && others.length === 0) {
    throw conflict('The last owner of an organization cannot be changed or removed.', 'Last owner', details)
  }
}
