import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import type { Context } from '../access/context.js'
import { type SubscriptionSources, sourceOf } from '../access/subscription.source.js'
import type { Embedders } from '../embedders/embedders.js'
import type { ReembeddingService } from './reembedding.service.js'
import type { ReembeddingRecord } from './reembedding.sql.js'
import { EmbeddingModelInfo, Reembedding, ReembeddingPayload, toReembedding } from './reembedding.type.js'
import type { SpaceService } from './space.service.js'
import { Space } from './space.type.js'

const REEMBEDDING_ID = { description: "The re-embedding's id." }

/** GraphQL face of re-embedding; every rule lives in ReembeddingService. */
@Resolver(() => Reembedding)
export class ReembeddingResolver {
  constructor(
    private readonly reembeddings: ReembeddingService,
    private readonly spaces: SpaceService,
    private readonly embedders: Embedders,
  ) {}

  @Mutation(() => ReembeddingPayload, {
    nullable: true,
    complexity: 500,
    description:
      'Builds the memory of a space anew by another model. The old memory answers searches until the new one is whole; then the new one takes its place at once. Messages and threads that come or go meanwhile do so in both. Asked for the same model while it runs, it answers with what is at work. Needs what deleteSpace needs. CONFLICT when the space has this model already, or is being re-embedded to another.',
  })
  async reembedSpace(
    @Arg('spaceId', () => ID, { description: "The space's id." }) spaceId: string,
    @Arg('model', () => String, { description: 'One of embeddingModels.' }) model: string,
    @Arg('dimensions', () => Int, {
      nullable: true,
      description: 'Needed when the model is there in several lengths.',
    })
    dimensions: number | null,
    @Ctx() { viewer }: Context,
  ): Promise<ReembeddingPayload> {
    const row = await this.reembeddings.start(viewer, spaceId, model, dimensions ?? null)
    return { reembedding: toReembedding(row) }
  }

  @Mutation(() => ReembeddingPayload, {
    nullable: true,
    description:
      'Ends a re-embedding early: the old memory serves on, and nothing is left of the new one. Needs what deleteSpace needs. CONFLICT when it has ended.',
  })
  async cancelReembedding(
    @Arg('reembeddingId', () => ID, REEMBEDDING_ID) reembeddingId: string,
    @Ctx() { viewer }: Context,
  ): Promise<ReembeddingPayload> {
    return { reembedding: toReembedding(await this.reembeddings.cancel(viewer, reembeddingId)) }
  }

  @Query(() => Reembedding, {
    nullable: true,
    description: 'A re-embedding of a space that the caller may see, else RESOURCE_NOT_FOUND.',
  })
  async reembedding(
    @Arg('id', () => ID, REEMBEDDING_ID) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Reembedding> {
    return toReembedding(await this.reembeddings.get(viewer, id))
  }

  @Query(() => [EmbeddingModelInfo], {
    nullable: true,
    description: 'The models that this server embeds with, that of new spaces first.',
  })
  embeddingModels(@Ctx() { viewer: _ }: Context): EmbeddingModelInfo[] {
    return this.embedders.list().map((each, index) => ({ ...each, isDefault: index === 0 }))
  }

  @Subscription(() => Reembedding, {
    description:
      'First how a re-embedding stands now, then each change, at most 10 a second, then its end, and then the stream completes. Needs view access to the space, all the time.',
    ...sourceOf('reembedProgress'),
  })
  reembedProgress(
    @Arg('reembeddingId', () => ID, {
      nullable: true,
      description: "The re-embedding's id: this, or spaceId.",
    })
    _reembeddingId: string | null,
    @Arg('spaceId', () => ID, {
      nullable: true,
      description: 'A space, of which the one at work or the last is meant: this, or reembeddingId.',
    })
    _spaceId: string | null,
    @Root() row: ReembeddingRecord,
  ): Reembedding {
    return toReembedding(row)
  }

  @FieldResolver(() => Space, { nullable: true, description: 'Its space; null once that is deleted.' })
  space(@Root() { spaceId }: Reembedding, @Ctx() { loaders }: Context): Promise<Space | null> {
    return loaders.load(this.spaces.byId, spaceId)
  }
}

/** How the memory of a space is being built anew. */
@Resolver(() => Space)
export class SpaceReembeddingResolver {
  constructor(private readonly reembeddings: ReembeddingService) {}

  @FieldResolver(() => Reembedding, {
    nullable: true,
    description: 'Its re-embedding that is at work, or else the last; null before the first.',
  })
  async reembedding(@Root() { id }: Space, @Ctx() { loaders }: Context): Promise<Reembedding | null> {
    const row = await loaders.load(this.reembeddings.latestBySpace, id)
    return row && toReembedding(row)
  }
}

export function reembeddingSources(reembeddings: ReembeddingService): SubscriptionSources {
  return { reembedProgress: ({ args, context }) => reembeddings.watch(context.viewer, args) }
}
