import { Arg, Args, Ctx, FieldResolver, ID, Resolver, Root } from 'type-graphql'
import { OrganizationRole } from '../../generated/prisma/enums.js'
import { toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import type { Authenticator } from '../access/credentials/authenticator.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import { User } from '../access/user.type.js'
import type { MembershipService } from './membership.service.js'
import type { MemberRecord } from './membership.sql.js'
import {
  AcceptMembershipPayload,
  AddOrganizationMemberPayload,
  DeclineMembershipPayload,
  LeaveOrganizationPayload,
  MembershipStatus,
  OrganizationMember,
  OrganizationMemberConnection,
  RemoveOrganizationMemberPayload,
  UpdateOrganizationMemberPayload,
} from './membership.type.js'
import type { OrganizationService } from './organization.service.js'
import { Organization, ViewerProfile } from './organization.type.js'

const DEPARTURE =
  'What the user created stays with the organization, without access for the user. Its own grants there end, and its threads are unlinked across the boundary of the organization.'

type Member = { member: MemberRecord }

/** GraphQL face of members; every rule lives in MembershipService. */
@Resolver(() => OrganizationMember)
export class MembershipResolver {
  constructor(
    private readonly memberships: MembershipService,
    private readonly organizations: OrganizationService,
    private readonly authenticator: Authenticator,
  ) {}

  @IdempotentMutation(() => AddOrganizationMemberPayload, {
    description:
      'Adds a user to an organization, or changes the role of a member. A new membership is PENDING until its user calls acceptMembership. Needs OWNER or ADMIN; only an OWNER can grant or take away the role OWNER, and the last OWNER who has accepted must stay (CONFLICT).',
  })
  async addOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: "The user's `sub`; the user need not have signed in yet." })
    userId: string,
    @Arg('role', () => OrganizationRole, { description: 'Role of the user in the organization.' })
    role: OrganizationRole,
    @Ctx() { viewer }: Context,
  ): Promise<Member> {
    return { member: await this.memberships.add(viewer, organizationId, userId, role) }
  }

  @IdempotentMutation(() => AcceptMembershipPayload, {
    description:
      "Accepts the caller's membership: the organization now appears in viewer.organizations, and its threads and spaces in lists and searches that name no organization. Idempotent. RESOURCE_NOT_FOUND without a membership.",
  })
  async acceptMembership(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Ctx() { viewer }: Context,
  ): Promise<Member> {
    return { member: await this.memberships.accept(viewer, organizationId) }
  }

  @IdempotentMutation(() => DeclineMembershipPayload, {
    description:
      "Ends the caller's PENDING membership. CONFLICT if it was accepted; RESOURCE_NOT_FOUND without one.",
  })
  declineMembership(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Ctx() { viewer }: Context,
  ): Promise<DeclineMembershipPayload> {
    return this.memberships.decline(viewer, organizationId)
  }

  @IdempotentMutation(() => UpdateOrganizationMemberPayload, {
    description:
      'Changes the role of a member. Needs OWNER or ADMIN; only an OWNER can grant or take away the role OWNER, and the last OWNER must stay (CONFLICT). RESOURCE_NOT_FOUND if the user is not a member.',
  })
  async updateOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: 'Id of the member.' }) userId: string,
    @Arg('role', () => OrganizationRole, { description: 'The new role.' })
    role: OrganizationRole,
    @Ctx() { viewer }: Context,
  ): Promise<Member> {
    return { member: await this.memberships.update(viewer, organizationId, userId, role) }
  }

  @IdempotentMutation(() => RemoveOrganizationMemberPayload, {
    description: `Removes a member from an organization. ${DEPARTURE} Needs OWNER or ADMIN; removing an OWNER needs OWNER, and the last one must stay (CONFLICT). RESOURCE_NOT_FOUND if the user is not a member.`,
  })
  removeOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: 'Id of the member.' }) userId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RemoveOrganizationMemberPayload> {
    return this.memberships.remove(viewer, organizationId, userId)
  }

  @IdempotentMutation(() => LeaveOrganizationPayload, {
    description: `Ends the caller's membership. ${DEPARTURE} CONFLICT for the last OWNER, and for the caller's personal organization.`,
  })
  leaveOrganization(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Ctx() { viewer }: Context,
  ): Promise<LeaveOrganizationPayload> {
    return this.memberships.leave(viewer, organizationId)
  }

  @FieldResolver(() => MembershipStatus, { description: 'Whether the user has accepted the membership.' })
  status(@Root() { acceptedAt }: OrganizationMember): MembershipStatus {
    return acceptedAt === null ? MembershipStatus.PENDING : MembershipStatus.ACCEPTED
  }

  @FieldResolver(() => Organization, { description: 'The organization of this membership.' })
  organization(
    @Root() { organizationId }: OrganizationMember,
    @Ctx() { loaders }: Context,
  ): Promise<Organization | null> {
    return loaders.load(this.organizations.byId, organizationId)
  }

  @FieldResolver(() => User)
  user(@Root() { userId }: OrganizationMember, @Ctx() { loaders }: Context): Promise<User | null> {
    return loaders.load(this.authenticator.userById, userId)
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: 'Who added the user; null for the founder of the organization, and if it was not recorded.',
  })
  async invitedBy(
    @Root() { invitedById }: OrganizationMember,
    @Ctx() { loaders }: Context,
  ): Promise<User | null> {
    return invitedById === null ? null : loaders.load(this.authenticator.userById, invitedById)
  }
}

/** GraphQL face of the members of an organization. */
@Resolver(() => Organization)
export class OrganizationMembersResolver {
  constructor(private readonly memberships: MembershipService) {}

  @FieldResolver(() => OrganizationMemberConnection, {
    nullable: true,
    description: 'Members, including PENDING ones, newest first; null unless the caller is a member.',
  })
  async members(
    @Root() { id, isMember }: Organization,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<OrganizationMemberConnection | null> {
    const page = readPage(args)
    if (!isMember) return null
    return toConnection(await this.memberships.list(id, page), page, ({ createdAt, userId }) => ({
      rank: createdAt.getTime(),
      id: userId,
    })) as unknown as OrganizationMemberConnection
  }
}

/** GraphQL face of the caller's memberships. */
@Resolver(() => ViewerProfile)
export class ViewerMembershipsResolver {
  constructor(private readonly membershipService: MembershipService) {}

  @FieldResolver(() => OrganizationMemberConnection, {
    description: 'Memberships of the caller, including invitations (PENDING), newest first.',
  })
  async memberships(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<OrganizationMemberConnection> {
    const page = readPage(args)
    const rows = await this.membershipService.listOwn(viewer, page)
    return toConnection(rows, page, ({ createdAt, organizationId }) => ({
      rank: createdAt.getTime(),
      id: organizationId,
    })) as unknown as OrganizationMemberConnection
  }
}
