import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SandboxClient } from '../../../src/features/projects/sandbox.service.js'
import { PermanentFailure, RetryableFailure } from '../../../src/platform/outbox/outbox.effect.js'
import { eventually } from '../../support/eventually.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'

const KEY = 'dtn_secret_key'
const { signal } = new AbortController()
let endpoint: FakeSandboxEndpoint
let client: SandboxClient

beforeEach(async () => {
  endpoint = await startSandboxEndpoint()
  client = new SandboxClient(endpoint.url, KEY)
})
afterEach(() => endpoint.close())

/** How the deletion of a sandbox failed. */
async function failureOf(deletion: Promise<void>): Promise<Error> {
  const error = await deletion.then(
    () => new Error('The sandbox was deleted.'),
    (failure: unknown) => failure,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error
}

describe('a sandbox', () => {
  test('is deleted by its id, with the key', async () => {
    await client.delete('sbx-1', signal)

    expect(endpoint.requests).toEqual([
      { method: 'DELETE', path: '/api/sandbox/sbx-1', authorization: `Bearer ${KEY}` },
    ])
    expect(endpoint.deletions).toEqual(['sbx-1'])
  })

  test.each(['a/b', '../a', '%2e%2e', 'a?b=c#d', '…', ';:@&=+$,'])(
    'is found by an id such as %s',
    async (id) => {
      await client.delete(id, signal)

      expect(endpoint.deletions).toEqual([id])
    },
  )

  test.each(['.', '..', ''])(
    'with the id %j is not requested: it would refer to a parent path',
    async (id) => {
      expect(await failureOf(client.delete(id, signal))).toBeInstanceOf(PermanentFailure)
      expect(endpoint.requests).toEqual([])
    },
  )

  test.each([202, 204, 404])('that is answered with %i is deleted', async (status) => {
    endpoint.failNext(status)

    await expect(client.delete('sbx-1', signal)).resolves.toBeUndefined()
  })
})

describe('a failure', () => {
  test.each([408, 409, 425, 429, 500, 502, 503, 504])(
    'with %i may pass, and names its time',
    async (status) => {
      endpoint.failNext(status, { 'retry-after': '7' })

      const error = await failureOf(client.delete('sbx-1', signal))
      expect(error).toMatchObject({ name: 'RetryableFailure', retryAfterMs: 7_000 })
      expect(error.message).toBe(`The sandbox service answered with ${status}.`)
    },
  )

  test.each([400, 401, 403, 405, 410, 422])('with %i is for good', async (status) => {
    endpoint.failNext(status)

    expect(await failureOf(client.delete('sbx-1', signal))).toBeInstanceOf(PermanentFailure)
  })

  test.each([301, 307])('with %i is for good: a redirect is not followed', async (status) => {
    endpoint.failNext(status, { location: `${endpoint.url}/elsewhere` })

    expect(await failureOf(client.delete('sbx-1', signal))).toBeInstanceOf(PermanentFailure)
    expect(endpoint.requests).toHaveLength(1)
  })

  test('to answer in time may pass', async () => {
    endpoint.hang()

    const error = await failureOf(new SandboxClient(endpoint.url, KEY, 20).delete('sbx-1', signal))
    expect(error).toMatchObject({
      name: 'RetryableFailure',
      message: 'The sandbox service did not answer in time.',
    })
  })

  test('to be there may pass', async () => {
    const { url } = endpoint
    await endpoint.close()

    const error = await failureOf(new SandboxClient(url, KEY).delete('sbx-1', signal))
    expect(error).toBeInstanceOf(RetryableFailure)
    expect(error.message).toBe('The sandbox service cannot be reached (ECONNREFUSED).')
    await endpoint.listen()
  })

  test('ends with the reason of its abort', async () => {
    endpoint.hang()
    const controller = new AbortController()
    const failure = failureOf(client.delete('sbx-1', controller.signal))
    await eventually(() => expect(endpoint.requests).toHaveLength(1))
    controller.abort(new Error('given up'))

    expect((await failure).message).toBe('given up')
    await expect(client.delete('sbx-2', controller.signal)).rejects.toThrow('given up')
    expect(endpoint.requests).toHaveLength(1)
  })
})

describe('the message of a failure', () => {
  test('tells what the service says, short and without the key', async () => {
    endpoint.failNext(400, {}, `no\n\0 access for ${KEY}: ${'x'.repeat(1_000)}`)
    const { message } = await failureOf(client.delete('sbx-1', signal))

    expect(message).toMatch(/^The sandbox service answered with 400: no access for …: x+$/)
    expect(message.length).toBeLessThan(260)
  })

  test.each([
    ['a page', '<html>Bad gateway</html>'],
    ['a text without end', `${' '.repeat(4_090)}${KEY}`],
  ])('leaves out %s', async (_, body) => {
    endpoint.failNext(502, {}, body)

    expect((await failureOf(client.delete('sbx-1', signal))).message).toBe(
      'The sandbox service answered with 502.',
    )
  })

  test('says nothing of a refused key but that it was refused', async () => {
    endpoint.failNext(401, {}, 'the key dtn_…key is wrong')

    expect((await failureOf(client.delete('sbx-1', signal))).message).toBe(
      'The sandbox service refused the key (401).',
    )
  })

  test('does not hold the address', async () => {
    const address = new SandboxClient('http://name:word@127.0.0.1:1/api', KEY)

    expect((await failureOf(address.delete('sbx-1', signal))).message).not.toMatch(/name|word|127/)
  })
})
