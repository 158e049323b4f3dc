import { Arg, Args, Ctx, ID, Query, Resolver, Root, Subscription } from 'type-graphql'
import { toConnection } from '../../platform/connection.type.js'
import { PageArgs } from '../../platform/page.arguments.js'
import { readPage } from '../../platform/page.js'
import type { Context } from '../access/context.js'
import { type SubscriptionSources, sourceOf } from '../access/subscription.source.js'
import { BackfillFailureConnection } from './backfill.failure.type.js'
import type { BackfillService } from './backfill.service.js'
import type { BackfillRecord } from './backfill.sql.js'
import { Backfill, BackfillProgress, toBackfill, toProgress } from './backfill.type.js'

/** GraphQL face of backfills; every rule lives in BackfillService. */
@Resolver(() => Backfill)
export class BackfillResolver {
  constructor(private readonly backfills: BackfillService) {}

  @Query(() => Backfill, {
    nullable: true,
    description: 'A backfill of a space that the caller may see, else RESOURCE_NOT_FOUND.',
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
      "The messages of the backfill's thread that are refused in its space now, in their order: those of earlier and later backfills of the two as well, and none that a retry has embedded since. Needs view access to the space, else RESOURCE_NOT_FOUND.",
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
      'First how the backfill stands now, then each change, at most 10 a second, then its end, and then the stream completes. Needs view access to the space, all the time; CANCELED is the end when the space is deleted.',
    ...sourceOf('backfillProgress'),
  })
  backfillProgress(
    @Arg('backfillId', () => ID, { description: "The backfill's id." }) _backfillId: string,
    @Root() row: BackfillRecord,
  ): BackfillProgress {
    return toProgress(row)
  }

  @Subscription(() => BackfillProgress, {
    description:
      'How every backfill of a space that is at work stands now, then each change and each new one, at most 10 a second each. Runs until the client leaves, loses view access, or has seen the end of a deleted space.',
    ...sourceOf('spaceBackfillProgress'),
  })
  spaceBackfillProgress(
    @Arg('spaceId', () => ID, { description: "The space's id." }) _spaceId: string,
    @Root() row: BackfillRecord,
  ): BackfillProgress {
    return toProgress(row)
  }
}

export function backfillSources(backfills: BackfillService): SubscriptionSources {
  return {
    backfillProgress: ({ args, context }) => backfills.watch(context.viewer, args.backfillId as string),
    spaceBackfillProgress: ({ args, context }) =>
      backfills.watchSpace(context.viewer, args.spaceId as string),
  }
}
