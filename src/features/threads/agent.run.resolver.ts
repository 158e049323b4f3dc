import { Arg, Args, Ctx, FieldResolver, ID, Resolver, Root } from 'type-graphql'
import { AgentRunStatus } from '../../generated/prisma/enums.js'
import { toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { AgentRunService } from './agent.run.service.js'
import { AgentRunConnection, AgentRunPayload } from './agent.run.type.js'
import { Thread } from './thread.type.js'

/** GraphQL face of agent runs; every rule lives in AgentRunService. */
@Resolver(() => Thread)
export class AgentRunResolver {
  constructor(private readonly runs: AgentRunService) {}

  @IdempotentMutation(() => AgentRunPayload, {
    description: 'Records that an agent started to work on a thread. Needs write access to it.',
  })
  async startAgentRun(
    @Arg('threadId', () => ID, { description: 'The thread that it works on.' }) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<AgentRunPayload> {
    return { agentRun: await this.runs.start(viewer, threadId) }
  }

  @IdempotentMutation(() => AgentRunPayload, {
    description:
      'Records the end of an agent run. Needs write access to its thread. CONFLICT if it has already ended.',
  })
  async finishAgentRun(
    @Arg('agentRunId', () => ID, { description: 'The run.' }) agentRunId: string,
    @Arg('status', () => AgentRunStatus, { description: 'Final status: COMPLETED, FAILED or CANCELED.' })
    status: AgentRunStatus,
    @Ctx() { viewer }: Context,
  ): Promise<AgentRunPayload> {
    return { agentRun: await this.runs.finish(viewer, agentRunId, status) }
  }

  @FieldResolver(() => AgentRunConnection, {
    nullable: true,
    description: 'Its agent runs, newest first; null unless the caller may read the thread.',
  })
  async agentRuns(
    @Root() { id, isReadable }: Thread,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { loaders }: Context,
  ): Promise<AgentRunConnection | null> {
    const page = readPage(args)
    const rows = isReadable ? await loaders.loadPage(this.runs.pages, id, page) : null
    return rows && toConnection(rows, page, (run) => ({ rank: run.startedAt.getTime(), id: run.id }))
  }
}
