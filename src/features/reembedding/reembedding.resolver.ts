import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root, Subscription } from 'type-graphql'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { SubscriptionCall } from '../access/subscription.call.js'
import type { Embedders } from '../embedders/embedders.js'
import type { SpaceService } from '../spaces/space.service.js'
import { Space } from '../spaces/space.type.js'
import type { ReembeddingRecord } from '../stores/reembedding.sql.js'
import type { ReembeddingSelector, ReembeddingService } from './reembedding.service.js'
import { EmbeddingModelInfo, Reembedding, ReembeddingPayload, toReembedding } from './reembedding.type.js'

const REEMBEDDING_ID = { description: "The re-embedding's id." }

type Call = SubscriptionCall<{ reembeddings: ReembeddingService }, ReembeddingSelector>

/** GraphQL face of re-embedding; every rule lives in ReembeddingService. */
@Resolver(() => Reembedding)
export class ReembeddingResolver {
  constructor(
    private readonly reembeddings: ReembeddingService,
    private readonly spaces: SpaceService,
    private readonly embedders: Embedders,
  ) {}

  @IdempotentMutation(() => ReembeddingPayload, {
    complexity: 500,
    description:
      'Re-embeds a space with another model. The old vectors answer searches until the new ones are complete; then the space switches at once. Changes to messages and threads in the meantime apply to both. A repeated call with the same model returns the running re-embedding. Needs manage access, as deleteSpace does. CONFLICT if the space has this model already, or is being re-embedded with another one.',
  })
  async reembedSpace(
    @Arg('spaceId', () => ID, { description: "The space's id." }) spaceId: string,
    @Arg('model', () => String, { description: 'One of embeddingModels.' }) model: string,
    @Arg('dimensions', () => Int, {
      nullable: true,
      description: 'Required if the model is available with several numbers of dimensions.',
    })
    dimensions: number | null,
    @Ctx() { viewer }: Context,
  ): Promise<ReembeddingPayload> {
    const row = await this.reembeddings.start(viewer, spaceId, model, dimensions ?? null)
    return { reembedding: toReembedding(row) }
  }

  @IdempotentMutation(() => ReembeddingPayload, {
    description:
      'Cancels a re-embedding: the old vectors stay in use, and the new ones are removed. Needs manage access, as deleteSpace does. CONFLICT if it has ended.',
  })
  async cancelReembedding(
    @Arg('reembeddingId', () => ID, REEMBEDDING_ID) reembeddingId: string,
    @Ctx() { viewer }: Context,
  ): Promise<ReembeddingPayload> {
    return { reembedding: toReembedding(await this.reembeddings.cancel(viewer, reembeddingId)) }
  }

  @Query(() => Reembedding, {
    nullable: true,
    description: 'A re-embedding by id. RESOURCE_NOT_FOUND unless the caller may see its space.',
  })
  async reembedding(
    @Arg('id', () => ID, REEMBEDDING_ID) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<Reembedding> {
    return toReembedding(await this.reembeddings.get(viewer, id))
  }

  @Query(() => [EmbeddingModelInfo], {
    nullable: true,
    description: 'Embedding models of this server; the one for new spaces comes first.',
  })
  embeddingModels(@Ctx() { viewer: _ }: Context): EmbeddingModelInfo[] {
    return this.embedders.list().map((each, index) => ({ ...each, isDefault: index === 0 }))
  }

  @Subscription(() => Reembedding, {
    description:
      'Progress of a re-embedding: first the current state, then every change, at most 10 per second. Completes after the terminal state. Needs view access to the space for its whole duration.',
    subscribe: ({ source, args, context }: Call) => source.reembeddings.watch(context.viewer, args),
  })
  reembedProgress(
    @Arg('reembeddingId', () => ID, {
      nullable: true,
      description: 'Id of the re-embedding; pass either this or spaceId.',
    })
    _reembeddingId: string | null,
    @Arg('spaceId', () => ID, {
      nullable: true,
      description:
        'Selects the running or else the last re-embedding of this space; pass either this or reembeddingId.',
    })
    _spaceId: string | null,
    @Root() row: ReembeddingRecord,
  ): Reembedding {
    return toReembedding(row)
  }

  @FieldResolver(() => Space, { nullable: true, description: 'Its space; null once it is deleted.' })
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
    description: 'Its running re-embedding, or else the last one; null if there was none.',
  })
  async reembedding(@Root() { id }: Space, @Ctx() { loaders }: Context): Promise<Reembedding | null> {
    const row = await loaders.load(this.reembeddings.latestBySpace, id)
    return row && toReembedding(row)
  }
}
