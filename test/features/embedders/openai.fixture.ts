import { afterEach, beforeEach, expect } from 'vitest'
import type { Embedder } from '../../../src/features/embedders/embedder.js'
import {
  OpenaiEmbedder,
  type OpenaiEmbedderOptions,
} from '../../../src/features/embedders/openai.embedder.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from '../../support/embedding.endpoint.js'
import { cosine, hashedVector } from '../../support/hashed.vectors.js'

export const DIMENSIONS = 48
export const KEY = 'sk-secret-key'

export interface Fixture {
  endpoint: FakeEmbeddingEndpoint
  embedder: Embedder
  embedderWith(options: OpenaiEmbedderOptions): Embedder
}

/** An endpoint and an embedder for it, new for each test of the file. */
export function eachTestWithEndpoint(): Fixture {
  const fixture = {} as Fixture
  fixture.embedderWith = (options) =>
    new OpenaiEmbedder({
      baseUrl: fixture.endpoint.url,
      apiKey: KEY,
      model: 'words',
      dimensions: DIMENSIONS,
      ...options,
    })
  beforeEach(async () => {
    fixture.endpoint = await startEmbeddingEndpoint({ dimensions: DIMENSIONS })
    fixture.embedder = fixture.embedderWith({})
  })
  afterEach(async () => {
    await fixture.embedder.close()
    await fixture.endpoint.close()
  })
  return fixture
}

export function failureOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => expect.unreachable('The call must fail.'),
    (error: Error) => error,
  )
}

export function expectNear(vectors: readonly Float32Array[], texts: readonly string[]): void {
  expect(vectors).toHaveLength(texts.length)
  for (const [index, text] of texts.entries()) {
    expect(cosine(vectors[index] ?? new Float32Array(), hashedVector(text, DIMENSIONS))).toBeCloseTo(1, 5)
  }
}
