import type { Database } from '../../platform/database/database.js'
import { HeddleError } from '../../platform/errors.js'
import { byId } from '../../platform/graphql/loader.js'
import type { TextBudget } from '../../platform/graphql/text.budget.js'
import { requireSpace, type SpaceAccess } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import type { LinkService } from '../links/link.service.js'
import type { MessageRecord } from '../messages/message.sql.js'
import type { KeywordSearch } from './keyword.search.js'
import { embedQuery } from './query.embedder.js'
import { requireFilter, type SearchFilter, type SearchFilterValues } from './search.filter.js'
import { fuse } from './search.fusion.js'
import { SearchMode } from './search.input.js'
import { type RankingPage, readRanking, readSearchPage } from './search.page.js'
import { markedWords, readQuery, type SearchQuery } from './search.query.js'
import { type SnippetRecord, snippetOf } from './search.snippet.js'
import { selectFoundMessages } from './search.sql.js'
import type { VectorSearch } from './vector.search.js'

const TIMEOUT_MS = 20_000
// Searching by words does not need the embedder, so the wait for one that hangs is short.
const HYBRID_TIMEOUT_MS = 5_000

export interface SearchArguments {
  query: string
  first?: number | null | undefined
  after?: string | null | undefined
  mode: SearchMode
  filter?: SearchFilterValues | null | undefined
}

interface Hit {
  messageId: string
  score: number
  similarity: number | null
  /** its nearest chunk; null if it was found by words only */
  chunk: number | null
}

export interface SearchResult {
  cursor: string
  score: number
  similarity: number | null
  snippet: SnippetRecord
  node: MessageRecord
}

export interface SearchResults {
  edges: SearchResult[]
  pageInfo: RankingPage<Hit, MessageRecord>['pageInfo']
  mode: SearchMode
  warnings: string[]
}

/** Searches one space: by meaning, by words, or by both. */
export class SearchService {
  constructor(
    private readonly db: Database,
    private readonly links: LinkService,
    private readonly vectors: VectorSearch,
    private readonly keywords: KeywordSearch,
  ) {}

  async search(
    viewer: Viewer,
    texts: TextBudget,
    spaceId: string,
    values: SearchArguments,
  ): Promise<SearchResults> {
    const space = await requireSpace(this.db, viewer, 'read', spaceId)
    const query = readQuery(values.query)
    const filter = requireFilter(values.filter)
    const search = ['space', spaceId, query.text, values.mode, filter]
    const page = readSearchPage(search, values.first, values.after)
    const { vector, mode, warnings } = await this.#meaning(space, query, values.mode)
    const isLenient = values.mode === SearchMode.HYBRID
    const byWords = (depth: number) => this.#byWords(space, query, filter, depth, isLenient)
    const rank = async (depth: number): Promise<Hit[]> => {
      if (!vector) return byWords(depth)
      if (mode === SearchMode.SEMANTIC) return this.#byMeaning(space, vector, filter, depth)
      const rankings = await Promise.all([this.#byMeaning(space, vector, filter, depth), byWords(depth)])
      return fuse(rankings).map(({ hit, score }) => ({ ...hit, score }))
    }
    const read = async (ids: string[]) =>
      byId(await texts.read((left) => this.db.query(selectFoundMessages(spaceId, ids, left))))
    const { hits, pageInfo } = await readRanking(page, { idOf: messageIdOf, rank, read })
    const words = markedWords(query)
    const edges = hits.map(({ hit: { score, similarity, chunk }, node, cursor }) => {
      return { cursor, score, similarity, snippet: snippetOf(node.content, words, chunk), node }
    })
    return { edges, pageInfo, mode, warnings }
  }

  /** The query's vector, if the mode needs one, and the mode that is possible without it. */
  async #meaning(space: SpaceAccess, { text }: SearchQuery, mode: SearchMode): Promise<Meaning> {
    if (mode === SearchMode.KEYWORD) return { vector: null, mode, warnings: [] }
    const timeoutMs = mode === SearchMode.HYBRID ? HYBRID_TIMEOUT_MS : TIMEOUT_MS
    try {
      const vector = await embedQuery(this.links.requireEmbedder(space), text, timeoutMs)
      return { vector, mode, warnings: [] }
    } catch (error) {
      if (mode === SearchMode.SEMANTIC || !isEmbedderMissing(error)) throw error
      return {
        vector: null,
        mode: SearchMode.KEYWORD,
        warnings: [`Searched by words only. ${error.message}`],
      }
    }
  }

  async #byMeaning(
    space: SpaceAccess,
    vector: Uint8Array,
    filter: SearchFilter,
    depth: number,
  ): Promise<Hit[]> {
    const hits = await this.vectors.nearest(space, vector, filter, depth)
    return hits.map(({ messageId, chunk, distance }) => {
      const similarity = 1 - distance
      return { messageId, chunk, similarity, score: similarity }
    })
  }

  async #byWords(
    { id: spaceId }: SpaceAccess,
    query: SearchQuery,
    filter: SearchFilter,
    depth: number,
    isLenient: boolean,
  ): Promise<Hit[]> {
    const scope = { spaceId, filter }
    const hits = isLenient
      ? await this.keywords.some(scope, query, depth)
      : await this.keywords.all(scope, query, depth)
    return hits.map(({ messageId, rank }) => ({ messageId, chunk: null, similarity: null, score: rank }))
  }
}

interface Meaning {
  vector: Uint8Array | null
  mode: SearchMode
  warnings: string[]
}

const messageIdOf = ({ messageId }: Hit): string => messageId

function isEmbedderMissing(error: unknown): error is HeddleError {
  return error instanceof HeddleError && (error.code === 'SERVICE_UNAVAILABLE' || error.code === 'CONFLICT')
}
