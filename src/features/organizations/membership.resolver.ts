import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import { OrganizationRole } from '../../generated/prisma/enums.js'
import { toConnection } from '../../platform/connection.type.js'
import { PageArgs } from '../../platform/page.arguments.js'
import { readPage } from '../../platform/page.js'
import type { Authenticator } from '../access/authenticator.js'
import type { Context } from '../access/context.js'
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
  'What the user made stays with the organization and is closed to it; its own grants there end, and so do links of its threads that join the organization with another one.'

type Member = { member: MemberRecord }

/** GraphQL face of members; every rule lives in MembershipService. */
@Resolver(() => OrganizationMember)
export class MembershipResolver {
  constructor(
    private readonly memberships: MembershipService,
    private readonly organizations: OrganizationService,
    private readonly authenticator: Authenticator,
  ) {}

  @Mutation(() => AddOrganizationMemberPayload, {
    nullable: true,
    description:
      'Adds a user to an organization, or gives a member another role. A new membership is PENDING until its user calls acceptMembership. Needs OWNER or ADMIN; only an OWNER appoints or lowers an OWNER, and the last one who has accepted stays (CONFLICT).',
  })
  async addOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: "The user's `sub`; it may be unknown so far." }) userId: string,
    @Arg('role', () => OrganizationRole, { description: 'What it may do there.' }) role: OrganizationRole,
    @Ctx() { viewer }: Context,
  ): Promise<Member> {
    return { member: await this.memberships.add(viewer, organizationId, userId, role) }
  }

  @Mutation(() => AcceptMembershipPayload, {
    nullable: true,
    description:
      "Accepts the caller's membership: from now on the organization stands in viewer.organizations, and what it has in lists and searches that name no organization. Accepting twice is once; RESOURCE_NOT_FOUND without a membership.",
  })
  async acceptMembership(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Ctx() { viewer }: Context,
  ): Promise<Member> {
    return { member: await this.memberships.accept(viewer, organizationId) }
  }

  @Mutation(() => DeclineMembershipPayload, {
    nullable: true,
    description:
      "Ends the caller's PENDING membership. CONFLICT when it was accepted; RESOURCE_NOT_FOUND without one.",
  })
  declineMembership(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Ctx() { viewer }: Context,
  ): Promise<DeclineMembershipPayload> {
    return this.memberships.decline(viewer, organizationId)
  }

  @Mutation(() => UpdateOrganizationMemberPayload, {
    nullable: true,
    description:
      'Gives a member another role. Needs OWNER or ADMIN; only an OWNER appoints or lowers an OWNER, and the last one stays (CONFLICT). RESOURCE_NOT_FOUND when the user is no member.',
  })
  async updateOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: 'The member.' }) userId: string,
    @Arg('role', () => OrganizationRole, { description: 'What it may do from now on.' })
    role: OrganizationRole,
    @Ctx() { viewer }: Context,
  ): Promise<Member> {
    return { member: await this.memberships.update(viewer, organizationId, userId, role) }
  }

  @Mutation(() => RemoveOrganizationMemberPayload, {
    nullable: true,
    description: `Takes a member out of an organization. ${DEPARTURE} Needs OWNER or ADMIN, and for an OWNER an OWNER; the last one stays (CONFLICT). RESOURCE_NOT_FOUND when the user is no member.`,
  })
  removeOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: 'The member.' }) userId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RemoveOrganizationMemberPayload> {
    return this.memberships.remove(viewer, organizationId, userId)
  }

  @Mutation(() => LeaveOrganizationPayload, {
    nullable: true,
    description: `Ends the caller's membership. ${DEPARTURE} CONFLICT for the last OWNER, and for the caller's personal organization.`,
  })
  leaveOrganization(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Ctx() { viewer }: Context,
  ): Promise<LeaveOrganizationPayload> {
    return this.memberships.leave(viewer, organizationId)
  }

  @FieldResolver(() => MembershipStatus, { description: 'Whether the user has accepted.' })
  status(@Root() { acceptedAt }: OrganizationMember): MembershipStatus {
    return acceptedAt === null ? MembershipStatus.PENDING : MembershipStatus.ACCEPTED
  }

  @FieldResolver(() => Organization, { description: 'Where the user is a member.' })
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
    description: 'Who added the user; null for who founded the organization, and when it was not kept.',
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
    description:
      'Its members, PENDING ones among them, the newest first; null unless the caller is a member.',
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
    description: 'What the caller is a member of or was invited to (PENDING), the newest first.',
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
