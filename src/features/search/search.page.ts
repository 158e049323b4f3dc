import type { PageInfo } from '../../platform/connection.type.js'
import { readPageSize } from '../../platform/page.js'
import { digestOf, readSearchCursor, type SearchPosition, writeSearchCursor } from './search.cursor.js'
import { FIRST_DEPTH, MAX_DEPTH } from './search.fusion.js'

const DEFAULT_RESULTS = 10

/** A page of a ranking. */
export interface SearchPage {
  readonly size: number
  readonly digest: string
  readonly after: SearchPosition | null
  /** hits up to its end, and one more that tells whether others follow */
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

export interface RankingPage<Hit> {
  hits: { hit: Hit; cursor: string }[]
  pageInfo: PageInfo
}

/** The page of a ranking, which is read only as deep as the page needs. */
export async function readRanking<Hit>(
  page: SearchPage,
  idOf: (hit: Hit) => string,
  rank: (depth: number) => Promise<Hit[]>,
): Promise<RankingPage<Hit>> {
  if (page.end <= FIRST_DEPTH) {
    const ranking = await rank(FIRST_DEPTH)
    const cut = cutRanking(ranking, page, idOf)
    if (cut.pageInfo.hasNextPage || ranking.length < FIRST_DEPTH) return cut
  }
  return cutRanking(await rank(MAX_DEPTH), page, idOf)
}

/**
 * Goes on after the hit that was the last, wherever that stands now, so that what came or went before it shifts nothing.
 */
function cutRanking<Hit>(
  ranking: readonly Hit[],
  page: SearchPage,
  idOf: (hit: Hit) => string,
): RankingPage<Hit> {
  const ranked = ranking.slice(0, MAX_DEPTH)
  const last = page.after ? ranked.findIndex((hit) => idOf(hit) === page.after?.id) : -1
  const start = last >= 0 ? last + 1 : (page.after?.offset ?? 0)
  const hits = ranked.slice(start, start + page.size)
  const cursors = hits.map((hit, index) =>
    writeSearchCursor(page.digest, { offset: start + index + 1, id: idOf(hit) }),
  )
  return {
    hits: hits.map((hit, index) => ({ hit, cursor: cursors[index] as string })),
    pageInfo: {
      hasNextPage: ranked.length > start + page.size,
      endCursor: cursors.at(-1) ?? null,
      hasPreviousPage: page.after !== null,
      startCursor: cursors[0] ?? null,
    },
  }
}
