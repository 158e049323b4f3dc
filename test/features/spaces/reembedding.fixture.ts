import { expect } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import type { TestDatabase } from '../../support/database.js'
import { REEMBED_PROGRESS, REEMBED_SPACE, REEMBEDDING_BY_ID, SPACE_MEMORY } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import type { Seeded, SeededLink } from '../../support/seed.js'

/** A server with two models, and spaces that go from one to the other. */

export const OLD = { model: 'fake-words@1', dimensions: 64 }
export const NEXT = { model: 'next-words@1', dimensions: 32 }

export const TIMINGS = {
  backfill: { pollMs: 50, retryMs: 20 },
  outbox: { pollMs: 50 },
  purge: { pollMs: 50, dropAfterMs: 300 },
  reembedding: { pollMs: 50 },
}

export interface TwoModels {
  app: TestApp
  next: FakeEmbedder
}

/** New spaces get the old model; `others` stand beside the next one. */
export async function startTwoModels(
  options: { database?: TestDatabase; others?: FakeEmbedder[]; timings?: Partial<typeof TIMINGS> } = {},
): Promise<TwoModels> {
  const next = new FakeEmbedder(NEXT)
  const app = await startTestApp({
    database: options.database,
    embedder: new FakeEmbedder(OLD),
    otherEmbedders: [next, ...(options.others ?? [])],
    timings: { ...TIMINGS, ...options.timings },
  })
  return { app, next }
}

export const texts = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** A space with one thread, embedded by the old model. */
export async function embeddedSpace(
  { seed }: TestApp,
  messages: number | readonly string[] = texts('memory', 12),
): Promise<SeededLink> {
  const link = await seed.spaceWithThread({ messages })
  await seed.embedded(link.owner, link.backfillId)
  return link
}

export async function reembed(
  { id: spaceId, owner }: Seeded,
  { model }: { model: string } = NEXT,
): Promise<Json> {
  return (await owner.must(REEMBED_SPACE, { spaceId, model })).reembedSpace.reembedding
}

export async function memoryOf({ id, owner }: Seeded): Promise<Json> {
  return (await owner.must(SPACE_MEMORY, { id })).space
}

export async function reembeddingOf(owner: TestClient, id: string): Promise<Json> {
  return (await owner.must(REEMBEDDING_BY_ID, { id })).reembedding
}

/** Resolves when the reembedding has ended. @returns each state that a watcher was told */
export async function watched(owner: TestClient, reembeddingId: string): Promise<Json[]> {
  const subscription = owner.subscribe(REEMBED_PROGRESS, { reembeddingId })
  try {
    return (await subscription.rest()).map(({ data, errors }) => {
      expect(errors).toBeUndefined()
      return data.reembedProgress
    })
  } finally {
    await subscription.stop()
  }
}

export async function ended(owner: TestClient, reembeddingId: string): Promise<Json> {
  return (await watched(owner, reembeddingId)).at(-1)
}

const SEARCH = `query ($spaceId: ID!, $query: String!) {
  searchSpace(spaceId: $spaceId, query: $query, first: 50, mode: SEMANTIC) { edges { node { content } } }
}`

/** By meaning alone: what has no vector is not found. */
export async function foundIn({ id: spaceId, owner }: Seeded, query: string): Promise<Set<string>> {
  const { searchSpace } = await owner.must(SEARCH, { spaceId, query })
  return new Set(searchSpace.edges.map(({ node }: Json) => node.content))
}

/** Waits until the embedder has been asked, whose answers are held back. */
export const asked = (embedder: FakeEmbedder) =>
  eventually(() => expect(embedder.inFlight).toBeGreaterThan(0))

/** Vectors by model, in whatever store. */
export async function vectorsByModel({ pool }: TestApp, threadId: string): Promise<Record<string, number>> {
  const { rows } = await pool.query(
    'select model, count(*)::int as count from embedding where thread_id = $1 group by model',
    [threadId],
  )
  return Object.fromEntries(rows.map(({ model, count }) => [model, count]))
}
