import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql'
import { byCreation, toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import type { Authenticator } from '../access/credentials/authenticator.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import { Usage } from '../usage/usage.type.js'
import type { OrganizationService } from './organization.service.js'
import {
  CreateOrganizationPayload,
  OpenPersonalOrganizationPayload,
  Organization,
  OrganizationConnection,
  ViewerProfile,
} from './organization.type.js'

/** GraphQL face of organizations; every rule lives in OrganizationService. */
@Resolver(() => Organization)
export class OrganizationResolver {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly usageMeter: UsageMeter,
  ) {}

  @IdempotentMutation(() => CreateOrganizationPayload, {
    description: 'Creates an organization with the caller as its OWNER.',
  })
  async createOrganization(
    @Arg('name', () => String, { description: '1 to 255 characters.' }) name: string,
    @Ctx() { viewer }: Context,
  ): Promise<CreateOrganizationPayload> {
    return { organization: await this.organizations.create(viewer, name) }
  }

  @IdempotentMutation(() => OpenPersonalOrganizationPayload, {
    description:
      "Returns the caller's personal organization, and creates it if there is none: threads and imports that name no organization go there. The caller is its only member until others are added.",
  })
  async openPersonalOrganization(@Ctx() { viewer }: Context): Promise<OpenPersonalOrganizationPayload> {
    return { organization: await this.organizations.openOwn(viewer) }
  }

  @FieldResolver(() => Usage, {
    nullable: true,
    description: 'Its counts and limits; null unless the caller is a member.',
  })
  async usage(@Root() { id, isMember }: Organization, @Ctx() { loaders }: Context): Promise<Usage | null> {
    return isMember ? loaders.load(this.usageMeter.byOrganization, id) : null
  }
}

/** GraphQL face of the caller. */
@Resolver(() => ViewerProfile)
export class ViewerResolver {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly organizationService: OrganizationService,
  ) {}

  @Query(() => ViewerProfile, { description: 'The caller.' })
  viewer(@Ctx() { viewer, loaders }: Context): Promise<ViewerProfile | null> {
    return loaders.load(this.authenticator.userById, viewer.userId)
  }

  @FieldResolver(() => OrganizationConnection, {
    description: 'Organizations whose membership the caller has accepted, newest first.',
  })
  async organizations(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<OrganizationConnection> {
    const page = readPage(args)
    return toConnection(await this.organizationService.list(viewer, page), page, byCreation)
  }

  @FieldResolver(() => Organization, {
    nullable: true,
    description:
      'Where threads and imports of the caller go that name no organization; null until one is created, by the first of them or by openPersonalOrganization.',
  })
  personalOrganization(@Ctx() { viewer }: Context): Promise<Organization | null> {
    return this.organizationService.findPersonal(viewer)
  }
}
