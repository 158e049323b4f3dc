import type { PageInfo } from '../../platform/graphql/connection.type.js'
import { readPageSize } from '../../platform/graphql/page.js'
import {
  digestOf,
  placeAfter,
  readSearchCursor,
  type SearchPosition,
  writeSearchCursor,
} from './search.cursor.js'
import { FIRST_DEPTH, MAX_DEPTH } from './search.fusion.js'

const DEFAULT_RESULTS = 10

/** A page of a ranking. */
export interface SearchPage {
  readonly size: number
  readonly digest: string
  readonly after: SearchPosition | null
  /** number of hits up to its end, and one more to detect a next page */
  readonly end: number
}

export function readSearchPage(
  search: unknown,
  first: number | null | undefined,
  after: string | null | undefined,
): SearchPage {
  const size = readPageSize(first, DEFAULT_RESULTS)
  const digest = digestOf(search)
  const position = readSearchCursor(digest, after)
  return { size, digest, after: position, end: (position?.offset ?? 0) + size + 1 }
}

/** A hit of a ranking, and what it is a hit of. */
export interface RankedNode<Hit, Node> {
  hit: Hit
  node: Node
  cursor: string
}

export interface RankingPage<Hit, Node> {
  hits: RankedNode<Hit, Node>[]
  pageInfo: PageInfo
}

/** How to read a ranking as deep as a page needs, and then the current state of its hits. */
export interface RankingSource<Hit, Node> {
  idOf(hit: Hit): string
  rank(depth: number): Promise<Hit[]>
  /** by id; omits what was deleted since it was ranked */
  read(ids: string[]): Promise<ReadonlyMap<string, Node>>
}

/** A page of a ranking. A deleted hit is replaced by the next one in the ranking. */
export async function readRanking<Hit, Node>(
  page: SearchPage,
  source: RankingSource<Hit, Node>,
): Promise<RankingPage<Hit, Node>> {
  if (page.end <= FIRST_DEPTH) {
    const ranking = await source.rank(FIRST_DEPTH)
    const filled = await fillPage(ranking, page, source)
    if (filled.pageInfo.hasNextPage || ranking.length < FIRST_DEPTH) return filled
  }
  return fillPage(await source.rank(MAX_DEPTH), page, source)
}

async function fillPage<Hit, Node>(
  ranking: readonly Hit[],
  page: SearchPage,
  { idOf, read }: RankingSource<Hit, Node>,
): Promise<RankingPage<Hit, Node>> {
  const ids = ranking.slice(0, MAX_DEPTH).map(idOf)
  const hits: RankedNode<Hit, Node>[] = []
  let next = page.after ? placeAfter(ids, page.after) : 0
  while (hits.length < page.size && next < ids.length) {
    const wanted = ids.slice(next, next + page.size - hits.length)
    const nodes = await read(wanted)
    for (const id of wanted) {
      const [node, hit] = [nodes.get(id), ranking[next]]
      next += 1
      if (node && hit) hits.push({ hit, node, cursor: writeSearchCursor(page.digest, ids, next) })
    }
  }
  return {
    hits,
    pageInfo: {
      hasNextPage: next < ids.length,
      endCursor: hits.at(-1)?.cursor ?? null,
      hasPreviousPage: page.after !== null,
      startCursor: hits[0]?.cursor ?? null,
    },
  }
}
