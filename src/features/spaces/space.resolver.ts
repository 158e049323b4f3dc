import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import { OrganizationRole, SpaceRole } from '../../generated/prisma/enums.js'
import { byCreation, toConnection } from '../../platform/connection.type.js'
import { PageArgs } from '../../platform/page.arguments.js'
import { readPage } from '../../platform/page.js'
import { can } from '../access/access.policy.js'
import type { Authenticator } from '../access/authenticator.js'
import type { Context } from '../access/context.js'
import { User } from '../access/user.type.js'
import type { OrganizationService } from '../organizations/organization.service.js'
import { Organization } from '../organizations/organization.type.js'
import type { SpaceService } from './space.service.js'
import {
  CreateSpaceInput,
  DeleteSpacePayload,
  Space,
  SpaceConnection,
  SpaceGrant,
  SpacePayload,
} from './space.type.js'

const SPACE_ID = { description: "The space's id." }
const USER_ID = { description: "The user's `sub`; it may be unknown so far." }
const ORGANIZATION_ROLE = { description: "A role of the space's organization." }

/** GraphQL face of spaces; every rule lives in SpaceService. */
@Resolver(() => Space)
export class SpaceResolver {
  constructor(
    private readonly spaceService: SpaceService,
    private readonly organizations: OrganizationService,
    private readonly authenticator: Authenticator,
  ) {}

  @Mutation(() => SpacePayload, {
    nullable: true,
    description:
      "Makes a space. Its embedding model is the server's default. Needs write access to the organization.",
  })
  async createSpace(
    @Arg('input', () => CreateSpaceInput, { description: 'The new space.' }) input: CreateSpaceInput,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.create(viewer, input) }
  }

  @Mutation(() => DeleteSpacePayload, {
    nullable: true,
    complexity: 100,
    description:
      'Deletes a space with its store and its associations; its threads stay. Needs to be its creator, an administrator of its organization, or an OWNER of it.',
  })
  async deleteSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteSpacePayload> {
    return { deletedSpaceId: spaceId, ...(await this.spaceService.delete(viewer, spaceId)) }
  }

  @Mutation(() => SpacePayload, {
    nullable: true,
    description: 'Gives a user access to a space, or changes it. Needs what deleteSpace needs.',
  })
  async grantSpaceAccess(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('userId', () => ID, USER_ID) userId: string,
    @Arg('role', () => SpaceRole, { description: 'What it may do there.' }) role: SpaceRole,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.grant(viewer, spaceId, { userId }, role) }
  }

  @Mutation(() => SpacePayload, {
    nullable: true,
    description:
      "Takes back a user's access to a space; none to take back is no error. Needs what deleteSpace needs.",
  })
  async revokeSpaceAccess(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('userId', () => ID, USER_ID) userId: string,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.revoke(viewer, spaceId, { userId }) }
  }

  @Mutation(() => SpacePayload, {
    nullable: true,
    description:
      'Gives everybody with a role in the organization access to a space. Needs what deleteSpace needs.',
  })
  async grantSpaceAccessToRole(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('organizationRole', () => OrganizationRole, ORGANIZATION_ROLE) organizationRole: OrganizationRole,
    @Arg('role', () => SpaceRole, { description: 'What they may do there.' }) role: SpaceRole,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.grant(viewer, spaceId, { organizationRole }, role) }
  }

  @Mutation(() => SpacePayload, {
    nullable: true,
    description:
      'Takes back the access of a role; none to take back is no error. Needs what deleteSpace needs.',
  })
  async revokeSpaceAccessFromRole(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('organizationRole', () => OrganizationRole, ORGANIZATION_ROLE) organizationRole: OrganizationRole,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.revoke(viewer, spaceId, { organizationRole }) }
  }

  @Query(() => Space, {
    nullable: true,
    description: 'A space that the caller may see, else RESOURCE_NOT_FOUND.',
  })
  space(
    @Arg('id', () => ID, { description: "The space's id." }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Space> {
    return this.spaceService.get(viewer, id)
  }

  @Query(() => SpaceConnection, {
    nullable: true,
    description: 'Spaces that the caller may see, the newest first.',
  })
  async spaces(
    @Arg('organizationId', () => ID, {
      nullable: true,
      description:
        'Only of this organization. Left out: those of all its organizations, and those it was given access to.',
    })
    organizationId: string | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<SpaceConnection> {
    const page = readPage(args)
    return toConnection(await this.spaceService.list(viewer, organizationId ?? null, page), page, byCreation)
  }

  @FieldResolver(() => Organization, { description: 'Whose space it is.' })
  organization(@Root() { organizationId }: Space, @Ctx() { loaders }: Context): Promise<Organization | null> {
    return loaders.load(this.organizations.byId, organizationId)
  }

  @FieldResolver(() => User, { description: 'Who made it.' })
  creator(@Root() { creatorId }: Space, @Ctx() { loaders }: Context): Promise<User | null> {
    return loaders.load(this.authenticator.userById, creatorId)
  }

  @FieldResolver(() => Boolean, { description: 'Whether the caller may add and remove threads.' })
  async viewerCanEdit(@Root() { id }: Space, @Ctx() { viewer, loaders }: Context): Promise<boolean> {
    const standing = await loaders.load(this.spaceService.standingById, id)
    return standing !== null && can(viewer, 'edit', { ...standing, kind: 'space' })
  }

  @FieldResolver(() => [SpaceGrant], {
    nullable: true,
    description: 'Who was given access to it; null unless the caller may edit it.',
  })
  async grants(@Root() { id }: Space, @Ctx() { viewer, loaders }: Context) {
    const standing = await loaders.load(this.spaceService.standingById, id)
    return standing && this.spaceService.grants(viewer, loaders, standing)
  }
}

/** Whom a grant was given to. */
@Resolver(() => SpaceGrant)
export class SpaceGrantResolver {
  constructor(private readonly authenticator: Authenticator) {}

  @FieldResolver(() => User, { nullable: true })
  async user(@Root() { userId }: SpaceGrant, @Ctx() { loaders }: Context): Promise<User | null> {
    return userId === null ? null : loaders.load(this.authenticator.userById, userId)
  }
}
