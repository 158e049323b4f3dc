import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { OpenaiEmbedder } from '../../../src/features/embedders/openai.embedder.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import {
  type EmbeddingRequest,
  type FakeEmbeddingEndpoint,
  startEmbeddingEndpoint,
} from '../../support/embedding.endpoint.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'

const DIMENSIONS = 32
const MESSAGES = 64

let endpoint: FakeEmbeddingEndpoint
let app: TestApp<OpenaiEmbedder>

beforeAll(async () => {
  endpoint = await startEmbeddingEndpoint({ dimensions: DIMENSIONS })
  app = await startTestApp<OpenaiEmbedder>({
    embedder: new OpenaiEmbedder({ baseUrl: endpoint.url, model: 'words', dimensions: DIMENSIONS }),
  })
})
beforeEach(() => {
  endpoint.requests.length = 0
  endpoint.answerWith(usual)
})
afterEach(async () => {
  endpoint.answerWith(usual)
  await expectSoundRest(app.pool)
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await endpoint.close()
})

const FAILURES = `query ($id: ID!) {
  backfill(id: $id) { status processed embedded failed lastError nextAttemptAt }
  backfillFailures(backfillId: $id) { edges { node { messageId error } } }
}`

type Data = unknown[]
type Entry = { index: number; embedding: string | number[] }
type Broken = (data: Data, isBroken: (index: number) => boolean) => { status?: number; body: unknown }

const usual = (data: Data) => ({ body: { data } })

/** What is wrong with the vectors of the texts that are broken. */
const wrong = (change: (entry: Entry) => unknown[]): Broken => {
  return (data, isBroken) => ({
    body: { data: (data as Entry[]).flatMap((entry) => (isBroken(entry.index) ? change(entry) : [entry])) },
  })
}

const refusal = (status: number): Broken => {
  return (data, isBroken) =>
    data.some((_, index) => isBroken(index))
      ? { status, body: { error: { message: `no ${status}` } } }
      : usual(data)
}

const WAYS: readonly (readonly [string, RegExp, Broken])[] = [
  ['a refusal', /refused the input \(400\): no 400/, refusal(400)],
  [
    'a wrong dimension',
    /3 dimensions instead of 32/,
    wrong(({ index }) => [{ index, embedding: [1, 2, 3] }]),
  ],
  [
    'what is not a number',
    /unknown form/,
    wrong(({ index }) => [{ index, embedding: Array(DIMENSIONS).fill(0.1).with(-1, null) }]),
  ],
  ['no vector', /vectors for/, wrong(() => [])],
  ['status 500 each time', /answered with 500: no 500/, refusal(500)],
]

/** The endpoint answers in this way whenever a text is broken. */
function breakTexts(isBroken: (text: string) => boolean, broken: Broken): void {
  endpoint.answerWith((data, { body }: EmbeddingRequest) =>
    broken(data, (index) => isBroken(body.input[index] ?? '')),
  )
}

async function paused(owner: TestClient, id: string, error: RegExp) {
  await eventually(async () => {
    const { backfill } = await owner.must(FAILURES, { id })
    expect(backfill).toMatchObject({ status: 'RUNNING', processed: 0, failed: 0 })
    expect(backfill.lastError).toMatch(error)
    expect(backfill.nextAttemptAt).not.toBeNull()
  })
}

test.each(WAYS)(
  'one message that gets %s is failed with its reason, and all others are embedded',
  async (name, error, broken) => {
    breakTexts((text) => text === 'poison', broken)
    const messages = Array.from({ length: MESSAGES }, (_, index) => `${name} ${index}`)
    messages[37] = 'poison'
    const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages })

    const end = await app.seed.embedded(owner, backfillId)

    expect(end).toMatchObject({ status: 'COMPLETED', embedded: MESSAGES - 1, failed: 1 })
    const { backfillFailures } = await owner.must(FAILURES, { id: backfillId })
    expect(backfillFailures.edges).toEqual([
      { node: { messageId: thread.messageIds[37], error: expect.stringMatching(error) } },
    ])
  },
)

test('the message to blame is found by halves: a few calls, and not one for each message', async () => {
  breakTexts((text) => text === 'poison', refusal(400))
  const messages = Array.from({ length: MESSAGES }, (_, index) => `halved ${index}`)
  messages[0] = 'poison'
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages })

  await app.seed.embedded(owner, backfillId)

  // The whole, two halves at each of six steps, one question whether the endpoint answers at all, and the text again.
  expect(endpoint.requests.length).toBe(1 + 2 * Math.log2(MESSAGES) + 2)
})

test.each(WAYS)(
  'an endpoint that answers every text with %s is away: no message fails, and it goes on when that is mended',
  async (name, error, broken) => {
    breakTexts(() => true, broken)
    const messages = Array.from({ length: MESSAGES }, (_, index) => `every ${name} ${index}`)
    const { owner, backfillId } = await app.seed.spaceWithThread({ messages })
    await paused(owner, backfillId, error)

    endpoint.answerWith(usual)

    expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
      status: 'COMPLETED',
      embedded: MESSAGES,
      failed: 0,
      lastError: null,
    })
    expect((await owner.must(FAILURES, { id: backfillId })).backfillFailures.edges).toEqual([])
  },
)

test('half an answer, once, is asked for again', async () => {
  let isFirst = true
  endpoint.answerWith((data) => {
    const body = { data: isFirst ? data.slice(0, data.length / 2) : data }
    isFirst = false
    return { body }
  })
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: MESSAGES })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ embedded: MESSAGES, failed: 0 })
})

test('what was embedded before an outage is kept, and not paid for again', async () => {
  const messages = Array.from({ length: 128 }, (_, index) => `kept ${index} ${'word '.repeat(400)}`)
  let answered = 0
  endpoint.answerWith((data) => {
    answered++
    return answered === 2 ? { status: 503, body: {}, headers: { 'retry-after': '3600' } } : usual(data)
  })
  // Two pieces each: a batch of messages takes two calls.
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages })

  await eventually(async () => {
    const { backfill } = await owner.must(FAILURES, { id: backfillId })
    expect(backfill).toMatchObject({ status: 'RUNNING', processed: 64, embedded: 64 })
    expect(backfill.nextAttemptAt).not.toBeNull()
  })
  // A worker that starts anew has not been asked to leave the embedder alone.
  await app.restart()
  const again = await app.as(`${owner.userId}`)
  await again.must('RetryBackfill', { backfillId })

  await app.seed.embedded(again, backfillId)
  const texts = endpoint.requests.flatMap(({ body }) => body.input)
  expect(texts.filter((text) => text.startsWith('kept 0 '))).toHaveLength(1)
})
