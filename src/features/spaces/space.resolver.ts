import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql'
import { OrganizationRole, SpaceRole } from '../../generated/prisma/enums.js'
import { byCreation, toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import { can } from '../access/access.policy.js'
import type { Context } from '../access/context.js'
import type { Authenticator } from '../access/credentials/authenticator.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
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
const USER_ID = { description: "The user's `sub`; the user need not have signed in yet." }
const ORGANIZATION_ROLE = { description: "A role of the space's organization." }

/** GraphQL face of spaces; every rule lives in SpaceService. */
@Resolver(() => Space)
export class SpaceResolver {
  constructor(
    private readonly spaceService: SpaceService,
    private readonly organizations: OrganizationService,
    private readonly authenticator: Authenticator,
  ) {}

  @IdempotentMutation(() => SpacePayload, {
    description:
      "Creates a space with the server's default embedding model. Needs write access to the organization.",
  })
  async createSpace(
    @Arg('input', () => CreateSpaceInput, { description: 'The new space.' }) input: CreateSpaceInput,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.create(viewer, input) }
  }

  @IdempotentMutation(() => DeleteSpacePayload, {
    complexity: 100,
    description:
      'Deletes a space with its vectors, links and grants; its threads are kept. Needs manage access: its creator, an OWNER or ADMIN of its organization, or an OWNER grant.',
  })
  async deleteSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteSpacePayload> {
    return { deletedSpaceId: spaceId, ...(await this.spaceService.delete(viewer, spaceId)) }
  }

  @IdempotentMutation(() => SpacePayload, {
    description: 'Grants a user a role in a space, or changes it. Needs manage access, as deleteSpace does.',
  })
  async grantSpaceAccess(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('userId', () => ID, USER_ID) userId: string,
    @Arg('role', () => SpaceRole, { description: 'Role in the space.' }) role: SpaceRole,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.grant(viewer, spaceId, { userId }, role) }
  }

  @IdempotentMutation(() => SpacePayload, {
    description:
      "Revokes a user's grant in a space; not an error if there is none. Needs manage access, as deleteSpace does.",
  })
  async revokeSpaceAccess(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('userId', () => ID, USER_ID) userId: string,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.revoke(viewer, spaceId, { userId }) }
  }

  @IdempotentMutation(() => SpacePayload, {
    description:
      'Grants everybody with a role in the organization a role in a space. Needs manage access, as deleteSpace does.',
  })
  async grantSpaceAccessToRole(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('organizationRole', () => OrganizationRole, ORGANIZATION_ROLE) organizationRole: OrganizationRole,
    @Arg('role', () => SpaceRole, { description: 'Role in the space.' }) role: SpaceRole,
    @Ctx() { viewer }: Context,
  ): Promise<SpacePayload> {
    return { space: await this.spaceService.grant(viewer, spaceId, { organizationRole }, role) }
  }

  @IdempotentMutation(() => SpacePayload, {
    description:
      'Revokes the grant of an organization role; not an error if there is none. Needs manage access, as deleteSpace does.',
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
    description: 'A space by id. RESOURCE_NOT_FOUND unless the caller may see it.',
  })
  space(
    @Arg('id', () => ID, { description: "The space's id." }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Space> {
    return this.spaceService.get(viewer, id)
  }

  @Query(() => SpaceConnection, {
    nullable: true,
    description: 'Spaces that the caller may see, newest first.',
  })
  async spaces(
    @Arg('organizationId', () => ID, {
      nullable: true,
      description:
        'Only spaces of this organization. Default: spaces of all organizations of the caller, and those it has a grant for.',
    })
    organizationId: string | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<SpaceConnection> {
    const page = readPage(args)
    return toConnection(await this.spaceService.list(viewer, organizationId ?? null, page), page, byCreation)
  }

  @FieldResolver(() => Organization, { description: 'Organization that the space belongs to.' })
  organization(@Root() { organizationId }: Space, @Ctx() { loaders }: Context): Promise<Organization | null> {
    return loaders.load(this.organizations.byId, organizationId)
  }

  @FieldResolver(() => User, { description: 'The user who created it.' })
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
    description: 'Grants of access to it; null unless the caller may edit it.',
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
