import { Arg, Args, Ctx, FieldResolver, ID, Resolver, Root } from 'type-graphql'
import { toConnection, toEdges } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import type { Authenticator } from '../access/credentials/authenticator.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import { User } from '../access/user.type.js'
import { type BackfillService, linkKey } from '../backfills/backfill.service.js'
import { Backfill, BackfillPayload, toBackfill } from '../backfills/backfill.type.js'
import type { SpaceService } from '../spaces/space.service.js'
import { Space, SpaceConnection } from '../spaces/space.type.js'
import type { ThreadService } from '../threads/thread.service.js'
import { Thread } from '../threads/thread.type.js'
import type { BackfillControl } from './backfill.control.js'
import type { LinkService } from './link.service.js'
import {
  AddThreadToSpacePayload,
  RemoveThreadFromSpacePayload,
  SpaceThreadConnection,
  SpaceThreadEdge,
} from './link.type.js'

const SPACE_ID = { description: "The space's id." }
const THREAD_ID = { description: "The thread's id." }
const BACKFILL_ID = { description: "The backfill's id." }

/** GraphQL face of threads in spaces; every rule lives in LinkService and BackfillControl. */
@Resolver()
export class LinkResolver {
  constructor(
    private readonly links: LinkService,
    private readonly control: BackfillControl,
  ) {}

  @IdempotentMutation(() => AddThreadToSpacePayload, {
    complexity: 20,
    description:
      'Adds a thread to a space and starts embedding its messages; later messages are embedded automatically. Needs edit access to the space and write access to the thread, which must belong to its organization or be owned by the caller. Idempotent: a repeated call returns the existing link and its newest backfill, and resumes a canceled one. CONFLICT if the space has vectors of a model that this server does not have.',
  })
  async addThreadToSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<AddThreadToSpacePayload> {
    const { addedAt, backfill, space } = await this.links.add(viewer, spaceId, threadId)
    const message = 'Thread added to space'
    return { success: true, message, spaceId, threadId, addedAt, backfill: toBackfill(backfill), space }
  }

  @IdempotentMutation(() => RemoveThreadFromSpacePayload, {
    complexity: 20,
    description:
      'Removes a thread from a space, with its vectors. The thread and its messages are kept. Needs edit access to the space. RESOURCE_NOT_FOUND if the thread is not in it.',
  })
  async removeThreadFromSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RemoveThreadFromSpacePayload> {
    const removed = await this.links.remove(viewer, spaceId, threadId)
    return { success: true, message: 'Thread removed from space', spaceId, threadId, ...removed }
  }

  @IdempotentMutation(() => BackfillPayload, {
    description:
      'Cancels a backfill. Embedded messages stay; no further messages of the thread are embedded into the space until retryBackfill or addThreadToSpace. Needs edit access to the space. CONFLICT if it has ended.',
  })
  async cancelBackfill(
    @Arg('backfillId', () => ID, BACKFILL_ID) backfillId: string,
    @Ctx() { viewer }: Context,
  ): Promise<BackfillPayload> {
    return { backfill: toBackfill(await this.control.cancel(viewer, backfillId)) }
  }

  @IdempotentMutation(() => BackfillPayload, {
    description:
      'Creates a backfill for the messages that an ended one refused, or left over when it was canceled. A running backfill that waits for an unavailable embedding provider is retried now, but not before the time requested by Retry-After. Needs edit access to the space. CONFLICT if nothing is left to do.',
  })
  async retryBackfill(
    @Arg('backfillId', () => ID, BACKFILL_ID) backfillId: string,
    @Ctx() { viewer }: Context,
  ): Promise<BackfillPayload> {
    return { backfill: toBackfill(await this.control.retry(viewer, backfillId)) }
  }
}

/** The threads of a space. */
@Resolver(() => Space)
export class SpaceThreadsResolver {
  constructor(private readonly links: LinkService) {}

  @FieldResolver(() => SpaceThreadConnection, { description: 'Its live threads, most recently added first.' })
  async threads(@Root() { id }: Space, @Args(() => PageArgs) args: PageArgs, @Ctx() { loaders }: Context) {
    const page = readPage(args)
    const rows = await loaders.loadPage(this.links.threadsBySpace, id, page)
    return toEdges(
      rows,
      page,
      (row) => ({ rank: row.addedAt.getTime(), id: row.id }),
      (row) => ({ node: row, addedAt: row.addedAt, addedById: row.addedById, spaceId: id }),
    )
  }
}

/** What is told of a thread in a space beside the thread. */
@Resolver(() => SpaceThreadEdge)
export class SpaceThreadEdgeResolver {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly backfills: BackfillService,
  ) {}

  @FieldResolver(() => User)
  addedBy(@Root() { addedById }: SpaceThreadEdge, @Ctx() { loaders }: Context): Promise<User | null> {
    return loaders.load(this.authenticator.userById, addedById)
  }

  @FieldResolver(() => Backfill, { nullable: true })
  async backfill(
    @Root() { spaceId, node }: SpaceThreadEdge,
    @Ctx() { loaders }: Context,
  ): Promise<Backfill | null> {
    const row = await loaders.load(this.backfills.latestByLink, linkKey(spaceId, node.id))
    return row && toBackfill(row)
  }
}

/** The spaces of a thread. */
@Resolver(() => Thread)
export class ThreadSpacesResolver {
  constructor(private readonly spaceService: SpaceService) {}

  @FieldResolver(() => SpaceConnection, {
    description: 'The spaces that contain it and that the caller may see, most recently added first.',
  })
  async spaces(
    @Root() { id }: Thread,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { loaders }: Context,
  ): Promise<SpaceConnection> {
    const page = readPage(args)
    const rows = await loaders.loadPage(this.spaceService.pagesOfThread, id, page)
    return toConnection(rows, page, (row) => ({ rank: row.addedAt.getTime(), id: row.id }))
  }
}

/** What a backfill belongs to. */
@Resolver(() => Backfill)
export class BackfillPlaceResolver {
  constructor(
    private readonly spaces: SpaceService,
    private readonly threads: ThreadService,
  ) {}

  @FieldResolver(() => Space, { nullable: true, description: 'Its space; null once it is deleted.' })
  space(@Root() { spaceId }: Backfill, @Ctx() { loaders }: Context): Promise<Space | null> {
    return loaders.load(this.spaces.byId, spaceId)
  }

  @FieldResolver(() => Thread, { nullable: true, description: 'Its thread; null once it is deleted.' })
  thread(@Root() { threadId }: Backfill, @Ctx() { loaders }: Context): Promise<Thread | null> {
    return loaders.load(this.threads.liveById, threadId)
  }
}
