import { Arg, Args, Ctx, ID, Query, Resolver, Root, Subscription } from 'type-graphql'
import { toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import type { SubscriptionCall } from '../access/subscription.call.js'
import { BackfillFailureConnection } from './backfill.failure.type.js'
import type { BackfillService } from './backfill.service.js'
import type { BackfillRecord } from './backfill.sql.js'
import { Backfill, BackfillProgress, toBackfill, toProgress } from './backfill.type.js'

type Call<Args> = SubscriptionCall<{ backfills: BackfillService }, Args>

/** GraphQL face of backfills; every rule lives in BackfillService. */
@Resolver(() => Backfill)
export class BackfillResolver {
  constructor(private readonly backfills: BackfillService) {}

  @Query(() => Backfill, {
    nullable: true,
    description: 'A backfill by id. RESOURCE_NOT_FOUND unless the caller may see its space.',
  })
  async backfill(
    @Arg('id', () => ID, { description: "The backfill's id." }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Backfill> {
    return toBackfill(await this.backfills.get(viewer, id))
  }

  @Query(() => BackfillFailureConnection, {
    nullable: true,
    description:
      "Messages of the backfill's thread that the embedding model currently refuses, in order. Includes refusals in other backfills of this thread and space, and excludes messages that a retry has embedded. RESOURCE_NOT_FOUND unless the caller may see the space.",
  })
  async backfillFailures(
    @Arg('backfillId', () => ID, { description: "The backfill's id." }) backfillId: string,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<BackfillFailureConnection> {
    const page = readPage(args)
    const failures = await this.backfills.listFailures(viewer, backfillId, page)
    return toConnection(failures, page, ({ sequence, messageId }) => ({ rank: sequence, id: messageId }))
  }

  @Subscription(() => BackfillProgress, {
    description:
      'Progress of a backfill: first the current state, then every change, at most 10 per second. Completes after the terminal state. Needs view access to the space for its whole duration. If the space is deleted, the terminal state is CANCELED.',
    subscribe: ({ source, args, context }: Call<{ backfillId: string }>) =>
      source.backfills.watch(context.viewer, args.backfillId),
  })
  backfillProgress(
    @Arg('backfillId', () => ID, { description: "The backfill's id." }) _backfillId: string,
    @Root() row: BackfillRecord,
  ): BackfillProgress {
    return toProgress(row)
  }

  @Subscription(() => BackfillProgress, {
    description:
      'Progress of all backfills of a space: first those that are running or queued, then every change and every new backfill, each at most 10 times per second. Ends when the client leaves, loses view access, or has received the final states after the space was deleted.',
    subscribe: ({ source, args, context }: Call<{ spaceId: string }>) =>
      source.backfills.watchSpace(context.viewer, args.spaceId),
  })
  spaceBackfillProgress(
    @Arg('spaceId', () => ID, { description: "The space's id." }) _spaceId: string,
    @Root() row: BackfillRecord,
  ): BackfillProgress {
    return toProgress(row)
  }
}
