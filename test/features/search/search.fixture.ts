import { expect } from 'vitest'
import type { TestApp } from '../../support/app.js'
import type { Json, Reply, TestClient } from '../../support/client.js'
import { cosine } from '../../support/hashed.vectors.js'
import type { Seeded, SeededSpace, SeededThread } from '../../support/seed.js'

/** Spaces whose messages are embedded, and what a search in them should find. */

export interface SearchHit {
  score: number
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

export const search = (
  client: TestClient,
  { id: spaceId }: Seeded,
  query: string,
  first?: number,
): Promise<Reply> => client.run('SearchSpace', { spaceId, query, first })

export async function found(
  client: TestClient,
  space: Seeded,
  query: string,
  first?: number,
): Promise<SearchHit[]> {
  const { data, errors }: Json = await search(client, space, query, first)
  expect(errors).toBeUndefined()
  return data.searchSpace.edges
}

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
