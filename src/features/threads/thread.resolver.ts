import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql'
import { byCreation, toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import type { Authenticator } from '../access/credentials/authenticator.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import { User } from '../access/user.type.js'
import type { OrganizationService } from '../organizations/organization.service.js'
import { Organization } from '../organizations/organization.type.js'
import type { ProjectService } from '../projects/project.service.js'
import { Project } from '../projects/project.type.js'
import type { ThreadService } from './thread.service.js'
import type { JsonObject } from './thread.sql.js'
import { CreateThreadInput, CreateThreadPayload, Thread, ThreadConnection } from './thread.type.js'

/** GraphQL face of threads; every rule lives in ThreadService. */
@Resolver(() => Thread)
export class ThreadResolver {
  constructor(
    private readonly threadService: ThreadService,
    private readonly organizations: OrganizationService,
    private readonly projects: ProjectService,
    private readonly authenticator: Authenticator,
  ) {}

  @IdempotentMutation(() => CreateThreadPayload, {
    description:
      'Creates a thread owned by the caller. Needs write access to the organization. QUOTA_EXCEEDED at its thread limit.',
  })
  async createThread(
    @Arg('input', () => CreateThreadInput, { description: 'The new thread.' }) input: CreateThreadInput,
    @Ctx() { viewer }: Context,
  ): Promise<CreateThreadPayload> {
    return { thread: await this.threadService.create(viewer, input) }
  }

  @Query(() => Thread, {
    nullable: true,
    description:
      'A live thread that the caller owns, or of an organization that the caller is a member of; otherwise RESOURCE_NOT_FOUND.',
  })
  thread(
    @Arg('id', () => ID, { description: "The thread's id." }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Thread> {
    return this.threadService.get(viewer, id)
  }

  @Query(() => ThreadConnection, { nullable: true, description: 'Threads, newest first.' })
  async threads(
    @Arg('organizationId', () => ID, {
      nullable: true,
      description:
        "All threads of this organization. Default: the caller's own threads and those of its organizations.",
    })
    organizationId: string | null,
    @Arg('includeDeleted', () => Boolean, {
      nullable: true,
      description: 'Also soft-deleted threads that the caller could restore. Default, also for null: false.',
    })
    includeDeleted: boolean | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<ThreadConnection> {
    const page = readPage(args)
    const { rows, count } = await this.threadService.list(
      viewer,
      organizationId ?? null,
      includeDeleted === true,
      page,
    )
    return { ...toConnection(rows, page, byCreation), count, totalCount: count }
  }

  @FieldResolver(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'Metadata set by its creator: a JSON object, up to 64 KiB and 100 levels; null unless the caller may read the thread.',
  })
  metadata(@Root() { metadata, isReadable }: Thread): JsonObject | null {
    return isReadable ? metadata : null
  }

  @FieldResolver(() => Organization, { description: 'Organization that the thread belongs to.' })
  organization(
    @Root() { organizationId }: Thread,
    @Ctx() { loaders }: Context,
  ): Promise<Organization | null> {
    return loaders.load(this.organizations.byId, organizationId)
  }

  @FieldResolver(() => Project, {
    nullable: true,
    description: 'Its project; null if it has none, or if the caller is not a member of its organization.',
  })
  async project(@Root() { projectId }: Thread, @Ctx() { loaders }: Context): Promise<Project | null> {
    return projectId === null ? null : loaders.load(this.projects.byId, projectId)
  }

  @FieldResolver(() => User, { description: 'The user who owns it.' })
  owner(@Root() { ownerId }: Thread, @Ctx() { loaders }: Context): Promise<User | null> {
    return loaders.load(this.authenticator.userById, ownerId)
  }
}
