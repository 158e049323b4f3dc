import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
import { SearchFilterInput, SearchMode } from './search.input.js'
import type { SearchService } from './search.service.js'
import { SearchConnection } from './search.type.js'
import type { ThreadSearchService } from './thread.search.service.js'
import { ThreadSearchConnection } from './thread.search.type.js'

const QUERY = '1 to 2,000 characters.'
const FIRST = 'Maximum number of results on the page: 1 to 100, by default 10.'
const AFTER =
  'Cursor of a result of the same search: the page starts after it. VALIDATION_ERROR if query, mode or filter differ.'

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
      'Searches the messages of a space, in live threads only. Needs view access to the space, which permits seeing the results and the titles of its threads, but not the threads themselves.',
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
      'Searches the live threads that the caller may read, by the words of titles and messages, as described in SearchMode.KEYWORD. Needs no embedding provider. If more than 10,000 messages or titles match, 10,000 of them are ranked.',
  })
  searchThreads(
    @Arg('query', () => String, { description: QUERY }) query: string,
    @Arg('organizationId', () => ID, {
      nullable: true,
      description:
        "Only threads of this organization. Default: the caller's own threads and those of its organizations.",
    })
    organizationId: string | null,
    @Arg('first', () => Int, { nullable: true, description: FIRST }) first: number | null,
    @Arg('after', () => String, { nullable: true, description: AFTER }) after: string | null,
    @Arg('filter', () => SearchFilterInput, {
      nullable: true,
      description: 'Which messages are searched. If it contains roles or times, titles are not searched.',
    })
    filter: SearchFilterInput | null,
    @Ctx() { viewer, loaders }: Context,
  ): Promise<ThreadSearchConnection> {
    return this.threadSearch.search(viewer, loaders.texts, { query, organizationId, first, after, filter })
  }
}
