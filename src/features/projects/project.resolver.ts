import { Arg, Args, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql'
import { byCreation, toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { OrganizationService } from '../organizations/organization.service.js'
import { Organization } from '../organizations/organization.type.js'
import type { ProjectService } from './project.service.js'
import {
  CreateProjectInput,
  CreateProjectPayload,
  Project,
  ProjectConnection,
  Sandbox,
} from './project.type.js'

/** GraphQL face of projects; every rule lives in ProjectService. */
@Resolver(() => Project)
export class ProjectResolver {
  constructor(
    private readonly projects: ProjectService,
    private readonly organizations: OrganizationService,
  ) {}

  @IdempotentMutation(() => CreateProjectPayload, {
    description:
      'Creates a project. Needs write access to the organization. QUOTA_EXCEEDED at its project limit.',
  })
  async createProject(
    @Arg('input', () => CreateProjectInput, { description: 'The new project.' }) input: CreateProjectInput,
    @Ctx() { viewer }: Context,
  ): Promise<CreateProjectPayload> {
    return { project: await this.projects.create(viewer, input) }
  }

  @Query(() => Project, {
    nullable: true,
    description: 'A project by id. RESOURCE_NOT_FOUND unless the caller is a member of its organization.',
  })
  project(
    @Arg('id', () => ID, { description: "The project's id." }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Project> {
    return this.projects.get(viewer, id)
  }

  @Query(() => ProjectConnection, {
    name: 'projects',
    nullable: true,
    description:
      'Projects of an organization, newest first. RESOURCE_NOT_FOUND unless the caller is a member of it.',
  })
  async projectsOf(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<ProjectConnection> {
    const page = readPage(args)
    return toConnection(await this.projects.list(viewer, organizationId, page), page, byCreation)
  }

  @FieldResolver(() => Organization, { description: 'Organization that the project belongs to.' })
  organization(
    @Root() { organizationId }: Project,
    @Ctx() { loaders }: Context,
  ): Promise<Organization | null> {
    return loaders.load(this.organizations.byId, organizationId)
  }

  @FieldResolver(() => Int, { description: 'Number of its live threads.' })
  async threadCount(
    @Root() { id, threadCount }: Project & { threadCount?: number },
    @Ctx() { loaders }: Context,
  ): Promise<number> {
    return threadCount ?? (await loaders.load(this.projects.threadCount, id)) ?? 0
  }

  @FieldResolver(() => Sandbox, { nullable: true, description: 'Its sandbox; null if it has none.' })
  sandbox(@Root() { sandboxId, sandboxStatus }: Project): Sandbox | null {
    return sandboxId && sandboxStatus ? { id: sandboxId, status: sandboxStatus } : null
  }
}
