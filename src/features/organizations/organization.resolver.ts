import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import { OrganizationRole } from '../../generated/prisma/enums.js'
import { byCreation, toConnection } from '../../platform/connection.type.js'
import { PageArgs } from '../../platform/page.arguments.js'
import { readPage } from '../../platform/page.js'
import type { Authenticator } from '../access/authenticator.js'
import type { Context } from '../access/context.js'
import { User } from '../access/user.type.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import { Usage } from '../usage/usage.type.js'
import type { OrganizationService } from './organization.service.js'
import {
  AddOrganizationMemberPayload,
  CreateOrganizationPayload,
  Organization,
  OrganizationConnection,
  OrganizationMember,
  ViewerProfile,
} from './organization.type.js'

/** GraphQL face of organizations; every rule lives in OrganizationService. */
@Resolver(() => Organization)
export class OrganizationResolver {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly usageMeter: UsageMeter,
  ) {}

  @Mutation(() => CreateOrganizationPayload, {
    nullable: true,
    description: 'Makes an organization with the caller as its OWNER.',
  })
  async createOrganization(
    @Arg('name', () => String, { description: '1 to 255 characters.' }) name: string,
    @Ctx() { viewer }: Context,
  ): Promise<CreateOrganizationPayload> {
    return { organization: await this.organizations.create(viewer, name) }
  }

  @Mutation(() => AddOrganizationMemberPayload, {
    nullable: true,
    description:
      'Adds a user to an organization, or gives a member another role. Needs OWNER or ADMIN; an OWNER is made and lowered by an OWNER only, and the last one stays (CONFLICT).',
  })
  async addOrganizationMember(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Arg('userId', () => ID, { description: "The user's `sub`; it may be unknown so far." }) userId: string,
    @Arg('role', () => OrganizationRole, { description: 'What it may do there.' }) role: OrganizationRole,
    @Ctx() { viewer }: Context,
  ): Promise<{ member: Omit<OrganizationMember, 'user'> }> {
    return { member: await this.organizations.addMember(viewer, organizationId, userId, role) }
  }

  @FieldResolver(() => Usage, {
    nullable: true,
    description: 'What it has, and may have; null unless the caller is a member.',
  })
  async usage(@Root() { id, isMember }: Organization, @Ctx() { loaders }: Context): Promise<Usage | null> {
    return isMember ? loaders.load(this.usageMeter.byOrganization, id) : null
  }
}

/** GraphQL face of members. */
@Resolver(() => OrganizationMember)
export class OrganizationMemberResolver {
  constructor(private readonly authenticator: Authenticator) {}

  @FieldResolver(() => User)
  user(@Root() { userId }: OrganizationMember, @Ctx() { loaders }: Context): Promise<User | null> {
    return loaders.load(this.authenticator.userById, userId)
  }
}

/** GraphQL face of the caller. */
@Resolver(() => ViewerProfile)
export class ViewerResolver {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly organizationService: OrganizationService,
  ) {}

  @Query(() => ViewerProfile, { description: 'Who is calling.' })
  viewer(@Ctx() { viewer, loaders }: Context): Promise<ViewerProfile | null> {
    return loaders.load(this.authenticator.userById, viewer.userId)
  }

  @FieldResolver(() => OrganizationConnection, {
    description: 'The organizations that the caller is a member of, the newest first.',
  })
  async organizations(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<OrganizationConnection> {
    const page = readPage(args)
    return toConnection(await this.organizationService.list(viewer, page), page, byCreation)
  }
}
