import { describe, expect, test } from 'vitest'
import { createEmbedders } from '../../../src/features/embedders/embedder.create.js'
import { EmbedderUnavailableError, UnusableAnswerError } from '../../../src/features/embedders/embedder.js'
import { hashedVector } from '../../support/hashed.vectors.js'
import { DIMENSIONS, eachTestWithEndpoint, expectNear, failureOf, KEY } from './openai.fixture.js'

const { signal } = new AbortController()
const fixture = eachTestWithEndpoint()

describe('a request', () => {
  test('names the model, the dimensions and base64, and carries the key', async () => {
    expectNear(await fixture.embedder.embed(['one text', 'another'], signal), ['one text', 'another'])

    const [request] = fixture.endpoint.requests
    expect(request?.path).toBe('/v1/embeddings')
    expect(request?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(request?.body).toEqual({
      model: 'words',
      input: ['one text', 'another'],
      encoding_format: 'base64',
      dimensions: DIMENSIONS,
    })
  })

  test('more texts than a batch are several requests, and their vectors stay in order', async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `text number ${index}`)

    expectNear(await fixture.embedder.embed(texts, signal), texts)
    expect(fixture.endpoint.calls.map((call) => call.length)).toEqual([128, 128, 44])
  })

  test('no texts are no request', async () => {
    expect(await fixture.embedder.embed([], signal)).toEqual([])
    expect(fixture.endpoint.calls).toEqual([])
  })

  test('without a key there is no authorization, and credentials of the address are sent as a header', async () => {
    await fixture.embedderWith({ apiKey: undefined }).embed(['text'], signal)
    const address = fixture.endpoint.url.replace('http://', 'http://us%40er:word@')
    await fixture.embedderWith({ apiKey: undefined, baseUrl: `${address}/` }).embed(['text'], signal)

    expect(fixture.endpoint.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      `Basic ${Buffer.from('us@er:word').toString('base64')}`,
    ])
  })

  test.each(['encoding_format', 'dimensions'])(
    'an endpoint that does not take %s is asked without it from then on',
    async (field) => {
      fixture.endpoint.answerWith((data, { body }) =>
        field in body
          ? { status: 400, body: { error: { message: `Unknown field ${field}` } } }
          : { body: { data } },
      )

      expectNear(await fixture.embedder.embed(['text'], signal), ['text'])
      expectNear(await fixture.embedder.embed(['text'], signal), ['text'])
      expect(fixture.endpoint.requests.map(({ body }) => field in body)).toEqual([true, false, false])
    },
  )
})

describe('dimensions', () => {
  test.each([
    [undefined, 1536],
    ['text-embedding-3-large', 3072],
    ['text-embedding-ada-002', 1536],
  ])('of the model %s are known', (model, dimensions) => {
    expect(createEmbedders({ provider: 'openai', model }).standard.dimensions).toBe(dimensions)
  })

  test('of another model must be configured, and the error says how', () => {
    expect(() => createEmbedders({ provider: 'openai', model: 'nomic' })).toThrow('EMBEDDING_DIMENSIONS')
  })
})

describe('an answer', () => {
  test('may hold lists of numbers, in any order', async () => {
    fixture.endpoint.answerWith((_, { body }) => ({
      body: {
        data: body.input
          .map((text, index) => ({ index, embedding: [...hashedVector(text, DIMENSIONS)].map((x) => x * 3) }))
          .reverse(),
      },
    }))

    expectNear(await fixture.embedder.embed(['one', 'two', 'three'], signal), ['one', 'two', 'three'])
  })

  test.each<[string, (data: unknown[]) => unknown, RegExp]>([
    ['too few vectors', (data) => ({ data: data.slice(1) }), /1 vectors for 2 texts/],
    ['the same index twice', (data) => ({ data: [data[0], data[0]] }), /numbered its vectors wrongly/],
    [
      'an index that was not asked for',
      (data) => ({ data: [data[0], { ...Object(data[1]), index: 7 }] }),
      /numbered/,
    ],
    [
      'another dimension',
      () => ({ data: [{ embedding: [1, 2, 3] }, { embedding: [1, 2, 3] }] }),
      /3 dimensions instead of 48/,
    ],
    ['an unknown form', () => ({ data: [{ embedding: { a: 1 } }, { embedding: 1 }] }), /unknown form/],
    ['no list', () => ({ vectors: [] }), /without a list of vectors/],
    ['no JSON', () => '<html>', /not JSON/],
    ['too many bytes', () => 'x'.repeat(2_000_000), /more than \d+ bytes/],
  ])('with %s is the fault of the endpoint, and says so', async (_, body, message) => {
    fixture.endpoint.answerWith((data) => ({ body: body(data) }))

    const error = await failureOf(fixture.embedder.embed(['one', 'two'], signal))
    expect(error).toBeInstanceOf(EmbedderUnavailableError)
    expect(error.message).toMatch(message)
  })

  const base64 = (components: number[]) =>
    Buffer.from(Float32Array.from(components).buffer).toString('base64')
  const but = (last: unknown) => [...Array(DIMENSIONS - 1).fill(0.1), last]

  test.each<[string, unknown]>([
    ['only zeros', Array(DIMENSIONS).fill(0)],
    ['null, which JSON has for NaN', but(null)],
    ['text', but('0.1')],
    ['more than a float holds', but(1e39)],
    ['an infinity in base64', base64(but(Number.POSITIVE_INFINITY) as number[])],
    ['NaN in base64', base64(but(Number.NaN) as number[])],
    ['bytes that are no whole floats', `${base64(but(0.1) as number[])}AAAA`],
  ])(
    'with %s in a vector is of no use, which the text or the endpoint may be to blame for',
    async (_, embedding) => {
      fixture.endpoint.answerWith(() => ({ body: { data: [{ index: 0, embedding }] } }))

      expect(await failureOf(fixture.embedder.embed(['text'], signal))).toBeInstanceOf(UnusableAnswerError)
    },
  )

  test('with numbers that only a float holds is as good as any: it is brought to the length 1', async () => {
    fixture.endpoint.answerWith(() => ({ body: { data: [{ embedding: Array(DIMENSIONS).fill(1e38) }] } }))

    const [vector] = await fixture.embedder.embed(['text'], signal)
    expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1, 5)
  })
})
