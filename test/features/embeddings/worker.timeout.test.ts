import { afterAll, beforeAll, expect, test } from 'vitest'
import { OpenaiEmbedder } from '../../../src/features/embedders/openai.embedder.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from '../../support/embedding.endpoint.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'

let endpoint: FakeEmbeddingEndpoint
let app: TestApp<OpenaiEmbedder>

beforeAll(async () => {
  endpoint = await startEmbeddingEndpoint({ dimensions: 32 })
  app = await startTestApp<OpenaiEmbedder>({
    embedder: new OpenaiEmbedder({ baseUrl: endpoint.url, model: 'words', dimensions: 32, timeoutMs: 1_000 }),
  })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await endpoint.close()
})

test('an endpoint that does not answer in time is asked again, until it does', async () => {
  endpoint.pause()
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: 300 })

  await eventually(async () => {
    const { backfill } = await owner.must('Backfill', { id: backfillId })
    expect(backfill).toMatchObject({ status: 'RUNNING', processed: 0 })
    expect(backfill.lastError).toMatch(/did not answer in time/)
  })
  endpoint.resume()

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'COMPLETED',
    embedded: 300,
    lastError: null,
  })
  expect((await owner.must('Space', { id: space.id })).space.vectorCount).toBe(300)
  await expectSoundRest(app.pool)
})

test('what the endpoint says of a refusal is kept, and a search while it is away is SERVICE_UNAVAILABLE', async () => {
  endpoint.refuse((text) => text === 'poison')
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: ['tea', 'poison'] })

  const end = await app.seed.embedded(owner, backfillId)

  const lastError = 'The embedding endpoint refused the input (400): The request failed with 400'
  expect(end).toMatchObject({ status: 'COMPLETED', embedded: 1, failed: 1, lastError })
  endpoint.failNext(503)
  const search = '{ searchSpace(spaceId: "SPACE", query: "tea", mode: SEMANTIC) { mode } }'
  expect(await owner.run(search.replace('SPACE', space.id))).toFailWith({
    code: 'SERVICE_UNAVAILABLE',
    status: 503,
    systemMessage: 'Embedder unavailable',
  })
  await expectSoundRest(app.pool)
})
