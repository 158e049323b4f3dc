import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
import { SearchFilterInput, SearchMode } from './search.input.js'
import type { SearchService } from './search.service.js'
import { SearchConnection } from './search.type.js'
import type { ThreadSearchService } from './thread.search.service.js'
import { ThreadSearchConnection } from './thread.search.type.js'

const QUERY = '1 to 2,000 characters.'
const FIRST = 'Results on a page: 1 to 100, by default 10.'
const AFTER =
  'A cursor of the same search: the page starts after it. VALIDATION_ERROR with another query, mode or filter.'

/** GraphQL face of search; every rule lives in SearchService and ThreadSearchService. */
@Resolver()
export class SearchResolver {
  constructor(
    private readonly search: SearchService,
    private readonly threadSearch: ThreadSearchService,
  ) {}

  @Query(() => SearchConnection, {
    nullable: true,
    complexity: 100,
    description:
      'The messages of a space that answer a text best, of live threads only. Needs view access to the space, which shows what is found and the titles of its threads, not the threads.',
  })
  searchSpace(
    @Arg('spaceId', () => ID, { description: "The space's id." }) spaceId: string,
    @Arg('query', () => String, { description: QUERY }) query: string,
    @Arg('first', () => Int, { nullable: true, description: FIRST }) first: number | null,
    @Arg('after', () => String, { nullable: true, description: AFTER }) after: string | null,
    @Arg('mode', () => SearchMode, {
      defaultValue: SearchMode.HYBRID,
      description: 'By meaning, by words, or by both.',
    })
    mode: SearchMode,
    @Arg('filter', () => SearchFilterInput, { nullable: true, description: 'Which messages are searched.' })
    filter: SearchFilterInput | null,
    @Ctx() { viewer, loaders }: Context,
  ): Promise<SearchConnection> {
    return this.search.search(viewer, loaders.texts, spaceId, { query, first, after, mode, filter })
  }

  @Query(() => ThreadSearchConnection, {
    nullable: true,
    complexity: 100,
    description:
      'The live threads that the caller may read whose title or messages have the words of a text: a search as SearchMode.KEYWORD describes it, without any embedder. When more than 10,000 messages or titles match, 10,000 of them are ranked.',
  })
  searchThreads(
    @Arg('query', () => String, { description: QUERY }) query: string,
    @Arg('organizationId', () => ID, {
      nullable: true,
      description: "Threads of this organization. Left out: the caller's own and those of its organizations.",
    })
    organizationId: string | null,
    @Arg('first', () => Int, { nullable: true, description: FIRST }) first: number | null,
    @Arg('after', () => String, { nullable: true, description: AFTER }) after: string | null,
    @Arg('filter', () => SearchFilterInput, {
      nullable: true,
      description: 'Which messages are searched; with roles or times, no titles are.',
    })
    filter: SearchFilterInput | null,
    @Ctx() { viewer, loaders }: Context,
  ): Promise<ThreadSearchConnection> {
    return this.threadSearch.search(viewer, loaders.texts, { query, organizationId, first, after, filter })
  }
}
