import { expect } from 'vitest'
import type { TestApp } from '../../support/app.js'
import type { Json, Reply, TestClient } from '../../support/client.js'
import { cosine } from '../../support/hashed.vectors.js'
import type { Seeded, SeededSpace, SeededThread } from '../../support/seed.js'

/** Spaces whose messages are embedded, and what a search in them should find. */

export interface SearchHit {
  cursor: string
  score: number
  similarity: number | null
  snippet: { text: string; highlights: { start: number; end: number }[] }
  node: { id: string; content: string; thread: { id: string } }
}

/** Nine words, so that each text is less like the first word than the one before it. */
const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india']

export const TEXTS = WORDS.map((_, index) => WORDS.slice(0, index + 1).join(' '))

/** Puts a thread with these messages into the space, and waits until they are embedded. */
export async function embedThread(
  { seed }: TestApp,
  space: SeededSpace,
  messages: readonly string[],
): Promise<SeededThread> {
  const organization: Seeded = { id: space.organizationId, owner: space.owner }
  const thread = await seed.thread({ organization, messages })
  await seed.embedded(space.owner, await seed.link(space, thread))
  return thread
}

export interface SearchOptions {
  first?: number
  after?: string
  mode?: 'SEMANTIC' | 'KEYWORD' | 'HYBRID'
  filter?: { threadIds?: string[]; roles?: string[]; createdFrom?: string; createdBefore?: string }
}

const SEARCH = /* GraphQL */ `
  query Search(
    $spaceId: ID!, $query: String!, $first: Int, $after: String, $mode: SearchMode, $filter: SearchFilterInput
  ) {
    searchSpace(spaceId: $spaceId, query: $query, first: $first, after: $after, mode: $mode, filter: $filter) {
      mode
      warnings
      edges {
        cursor
        score
        similarity
        snippet { text highlights { start end } }
        node { id content role thread { id title messages { edges { node { id } } } } }
      }
      pageInfo { hasNextPage endCursor hasPreviousPage }
    }
  }
`

export const search = (
  client: TestClient,
  { id: spaceId }: Seeded,
  query: string,
  options: SearchOptions = {},
): Promise<Reply> => client.run(SEARCH, { spaceId, query, ...options })

/** The whole of what a search says. */
export async function searched(
  client: TestClient,
  space: Seeded,
  query: string,
  options: SearchOptions = {},
): Promise<Json> {
  const { data, errors }: Json = await search(client, space, query, options)
  expect(errors).toBeUndefined()
  return data.searchSpace
}

export async function found(
  client: TestClient,
  space: Seeded,
  query: string,
  options: SearchOptions = {},
): Promise<SearchHit[]> {
  const { edges } = await searched(client, space, query, options)
  return edges
}

/** The contents of what is found by words. */
export async function foundByWords(space: Seeded, query: string, first = 100): Promise<string[]> {
  return contentsOf(await found(space.owner, space, query, { mode: 'KEYWORD', first }))
}

/** The words that a snippet marks. */
export const markedIn = ({ snippet: { text, highlights } }: SearchHit): string[] =>
  highlights.map(({ start, end }) => text.slice(start, end))

/** For comparing lists whose order says nothing. */
export const byText = (one: string, other: string): number => (one < other ? -1 : 1)

export const contentsOf = (hits: readonly SearchHit[]): string[] => hits.map(({ node }) => node.content)

export const threadsOf = (hits: readonly SearchHit[]): Set<string> =>
  new Set(hits.map(({ node }) => node.thread.id))

/** Whatever a search finds, its order and its scores are those of the cosine. */
export function expectRanked(
  hits: readonly SearchHit[],
  query: string,
  vectorOf: (text: string) => Float32Array,
): void {
  const scores = hits.map(({ score }) => score)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  for (const { score, node } of hits) {
    expect(score).toBeCloseTo(cosine(vectorOf(query), vectorOf(node.content)), 2)
  }
}
