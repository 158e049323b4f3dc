import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import { toConnection, toEdges } from '../../platform/connection.type.js'
import { PageArgs } from '../../platform/page.arguments.js'
import { readPage } from '../../platform/page.js'
import type { Authenticator } from '../access/authenticator.js'
import type { Context } from '../access/context.js'
import { User } from '../access/user.type.js'
import { type BackfillService, linkKey } from '../backfills/backfill.service.js'
import { Backfill, BackfillPayload, toBackfill } from '../backfills/backfill.type.js'
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
import type { SpaceService } from './space.service.js'
import { Space, SpaceConnection } from './space.type.js'

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

  @Mutation(() => AddThreadToSpacePayload, {
    nullable: true,
    complexity: 20,
    description:
      'Puts a thread into a space and starts embedding its messages; later ones are embedded without being asked. Needs edit access to the space and write access to the thread, which is of its organization or owned by the caller. Adding it again answers with the first link and its newest backfill, and resumes one that was canceled. CONFLICT when the space holds vectors of another model.',
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

  @Mutation(() => RemoveThreadFromSpacePayload, {
    nullable: true,
    complexity: 20,
    description:
      'Takes a thread out of a space, with its vectors. The thread stays, and so do its messages. Needs edit access to the space. RESOURCE_NOT_FOUND when the thread is not in it.',
  })
  async removeThreadFromSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RemoveThreadFromSpacePayload> {
    const removed = await this.links.remove(viewer, spaceId, threadId)
    return { success: true, message: 'Thread removed from space', spaceId, threadId, ...removed }
  }

  @Mutation(() => BackfillPayload, {
    nullable: true,
    description:
      'Ends a backfill early. What is embedded stays; nothing more of the thread is embedded into the space until retryBackfill or addThreadToSpace. Needs edit access to the space. CONFLICT when it has ended.',
  })
  async cancelBackfill(
    @Arg('backfillId', () => ID, BACKFILL_ID) backfillId: string,
    @Ctx() { viewer }: Context,
  ): Promise<BackfillPayload> {
    return { backfill: toBackfill(await this.control.cancel(viewer, backfillId)) }
  }

  @Mutation(() => BackfillPayload, {
    nullable: true,
    description:
      'Takes up what a backfill left: the refused messages, or after a cancellation the rest, as a new backfill; while it waits out an outage, it tries again now, but not before the time that the embedder asked for with Retry-After. Needs edit access to the space. CONFLICT when nothing is left to do.',
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

  @FieldResolver(() => SpaceThreadConnection, { description: 'Its live threads, the last added first.' })
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
    description: 'The spaces that hold it and that the caller may see, the last joined first.',
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

  @FieldResolver(() => Space, { nullable: true, description: 'Its space; null once that is deleted.' })
  space(@Root() { spaceId }: Backfill, @Ctx() { loaders }: Context): Promise<Space | null> {
    return loaders.load(this.spaces.byId, spaceId)
  }

  @FieldResolver(() => Thread, { nullable: true, description: 'Its thread; null once that is deleted.' })
  thread(@Root() { threadId }: Backfill, @Ctx() { loaders }: Context): Promise<Thread | null> {
    return loaders.load(this.threads.liveById, threadId)
  }
}
