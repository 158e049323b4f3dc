import { describe, expect, test } from 'vitest'
import { EmbedderUnavailableError, EmbeddingRefusedError } from '../../../src/features/embedders/embedder.js'
import { eventually } from '../../support/eventually.js'
import { eachTestWithEndpoint, expectNear, failureOf, KEY } from './openai.fixture.js'

const { signal } = new AbortController()
const fixture = eachTestWithEndpoint()

describe('a failure', () => {
  test.each([400, 413, 422])('%i refuses the input', async (status) => {
    fixture.endpoint.failNext(status)

    const error = await failureOf(fixture.embedder.embed(['text'], signal))
    expect(error).toBeInstanceOf(EmbeddingRefusedError)
    expect(error.message).toBe(
      `The embedding endpoint refused the input (${status}): The request failed with ${status}`,
    )
  })

  test.each([404, 408, 409, 429, 500, 502, 503])('%i is temporary, and names its time', async (status) => {
    fixture.endpoint.failNext(status, { 'retry-after': '7' })

    const error = await failureOf(fixture.embedder.embed(['text'], signal))
    expect(error).toMatchObject({ name: 'EmbedderUnavailableError', retryAfterMs: 7000 })
    expectNear(await fixture.embedder.embed(['text'], signal), ['text'])
  })

  test('the time that it names may be a date', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString()
    fixture.endpoint.failNext(429, { 'retry-after': date })

    const error = await failureOf(fixture.embedder.embed(['text'], signal))
    expect(error).toMatchObject({ name: 'EmbedderUnavailableError' })
    const { retryAfterMs } = error as EmbedderUnavailableError
    expect(retryAfterMs).toBeGreaterThan(50_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  test.each([401, 403])('%i says that the key was refused', async (status) => {
    fixture.endpoint.failNext(status)

    const error = await failureOf(fixture.embedder.embed(['text'], signal))
    expect(error).toMatchObject({ name: 'EmbedderUnavailableError', retryAfterMs: null })
    expect(error.message).toMatch(/refused the key/)
  })

  test('a redirect is not followed', async () => {
    fixture.endpoint.failNext(307, { location: `${fixture.endpoint.url}/elsewhere` })

    expect((await failureOf(fixture.embedder.embed(['text'], signal))).message).toMatch(/answered with 307/)
    expect(fixture.endpoint.requests).toHaveLength(1)
  })

  test('one refused text refuses its batch, and not the others', async () => {
    fixture.endpoint.refuse((text) => text === 'bad')

    expect(await failureOf(fixture.embedder.embed(['good', 'bad'], signal))).toBeInstanceOf(
      EmbeddingRefusedError,
    )
    expectNear(await fixture.embedder.embed(['good'], signal), ['good'])
  })

  test('an endpoint that does not answer in time is unavailable', async () => {
    fixture.endpoint.pause()

    const error = await failureOf(fixture.embedderWith({ timeoutMs: 20 }).embed(['text'], signal))
    expect(error).toBeInstanceOf(EmbedderUnavailableError)
    expect(error.message).toMatch(/did not answer in time/)
  })

  test('the time limit holds for an answer that has begun, too', async () => {
    fixture.endpoint.answerWith(() => ({ headers: { 'content-length': '100' }, body: '{' }))

    const error = await failureOf(fixture.embedderWith({ timeoutMs: 50 }).embed(['text'], signal))
    expect(error.message).toMatch(/did not answer in time/)
  })

  test('an endpoint that is not there is unavailable', async () => {
    await fixture.endpoint.close()

    const error = await failureOf(fixture.embedder.embed(['text'], signal))
    expect(error).toBeInstanceOf(EmbedderUnavailableError)
    expect(error.message).toBe('The embedding endpoint cannot be reached (ECONNREFUSED).')
    await fixture.endpoint.listen()
  })

  test('neither the key nor the URL is in a message, and the message is short', async () => {
    fixture.endpoint.answerWith(() => ({
      status: 400,
      body: { error: { message: `${KEY} is\nbad ${'x'.repeat(1000)}` } },
    }))
    const refused = await failureOf(fixture.embedder.embed(['text'], signal))
    const baseUrl = 'http://name:word@127.0.0.1:1/v1'
    const unreachable = await failureOf(fixture.embedderWith({ baseUrl }).embed(['text'], signal))

    for (const { message, cause } of [refused, unreachable]) {
      expect(message).not.toMatch(/sk-secret|name|word|127\.0\.0\.1|\n/)
      expect(message.length).toBeLessThan(300)
      expect(cause).toBeUndefined()
    }
  })

  test('a call that is given up ends with the reason of its signal', async () => {
    fixture.endpoint.pause()
    const controller = new AbortController()
    const call = failureOf(fixture.embedder.embed(['text'], controller.signal))
    await eventually(() => expect(fixture.endpoint.inFlight).toBe(1))
    controller.abort(new Error('given up'))

    expect((await call).message).toBe('given up')
  })

  test('closing ends calls in flight, and refuses later ones', async () => {
    fixture.endpoint.pause()
    const call = failureOf(fixture.embedder.embed(['text'], signal))
    await eventually(() => expect(fixture.endpoint.inFlight).toBe(1))
    await fixture.embedder.close()

    expect((await call).message).toBe('The embedder is closed.')
    expect((await failureOf(fixture.embedder.embed(['text'], signal))).message).toBe(
      'The embedder is closed.',
    )
  })
})
