import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
import type { SearchService } from './search.service.js'
import { SearchConnection } from './search.type.js'

/** GraphQL face of search; every rule lives in SearchService. */
@Resolver()
export class SearchResolver {
  constructor(private readonly search: SearchService) {}

  @Query(() => SearchConnection, {
    nullable: true,
    description:
      'The messages of a space that are nearest in meaning to a text, the nearest first. Needs view access to the space. CONFLICT when the space holds vectors of another model; SERVICE_UNAVAILABLE while the embedder is away.',
  })
  async searchSpace(
    @Arg('spaceId', () => ID, { description: "The space's id." }) spaceId: string,
    @Arg('query', () => String, { description: '1 to 2,000 characters.' }) query: string,
    @Arg('first', () => Int, { nullable: true, description: 'Results: 1 to 100, by default 10.' }) first:
      | number
      | null,
    @Ctx() { viewer }: Context,
  ): Promise<SearchConnection> {
    const results = await this.search.search(viewer, spaceId, query, first)
    return { edges: results.map(({ score, message }) => ({ score, node: message })) }
  }
}
