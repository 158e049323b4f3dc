import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'

const ORIGIN = 'https://app.example.com'
const BROWSER = { accept: 'text/html,*/*;q=0.8' }
const LONG_QUERY = '{ __schema { types { name description } } }'

let closed: TestApp
let open: TestApp

beforeAll(async () => {
  closed = await startTestApp({ environment: { GRAPHIQL: 'off' } })
  open = await startTestApp({
    database: closed.database,
    environment: { CORS_ORIGINS: `${ORIGIN}, http://localhost:3000`, TRUST_PROXY: '1' },
  })
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await closed[Symbol.asyncDispose]()
})

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** By hand, because fetch decompresses, and keeps the headers of CORS to itself. */
function send(
  app: TestApp,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, app.url), { method, headers, agent: false }, (response) => {
      const { statusCode: status = 0, headers: received } = response
      buffer(response).then((sent) => resolve({ status, headers: received, body: sent }), reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

const ask = (app: TestApp, query: string, headers: Record<string, string> = {}) =>
  send(app, '/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...app.withApiKey().headers, ...headers },
    body: JSON.stringify({ query }),
  })

describe('security headers', () => {
  test.each([
    ['a reply', 200, '/graphql?query={__typename}', { 'apollo-require-preflight': 'true' }],
    ['a refusal', 400, '/graphql?query={__typename}', {}],
    ['health', 200, '/health/ready', {}],
    ['an unknown path', 404, '/elsewhere', {}],
    ['GraphiQL', 200, '/graphql', BROWSER],
    ['a missing asset', 404, '/graphiql/assets/none.js', {}],
  ])('are on %s (%i)', async (_, status, path, headers) => {
    const reply = await send(open, path, { headers })

    // GraphiQL's page is 503 where it was not built.
    expect([status, ...(path === '/graphql' ? [503] : [])]).toContain(reply.status)
    expect(reply.headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(reply.headers).not.toHaveProperty('x-powered-by')
  })

  test('make browsers stay with TLS once a trusted proxy says that they came with it', async () => {
    const https = { 'x-forwarded-proto': 'https' }

    const secure = await send(open, '/health/live', { headers: https })
    expect(secure.headers['strict-transport-security']).toMatch(/^max-age=\d{8}$/)
    expect((await send(open, '/health/live', {})).headers).not.toHaveProperty('strict-transport-security')
    const untrusted = await send(closed, '/health/live', { headers: https })
    expect(untrusted.headers).not.toHaveProperty('strict-transport-security')
  })
})

describe('CORS', () => {
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-api-key',
    },
  })

  test('lets pages of a listed origin send credentials in headers, and read replies', async () => {
    const asked = await send(open, '/graphql', preflight(ORIGIN))
    expect(asked.status).toBe(204)
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'content-type,x-api-key',
      'access-control-max-age': '600',
      vary: expect.stringContaining('Origin'),
    })

    const reply = await ask(open, '{ viewer { id } }', { origin: ORIGIN })
    expect(reply.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': expect.stringContaining('x-request-id'),
      vary: expect.stringContaining('Origin'),
    })
    expect(reply.headers).not.toHaveProperty('access-control-allow-credentials')
  })

  test('lets them read errors too', async () => {
    const reply = await send(open, '/elsewhere', { headers: { origin: ORIGIN } })

    expect(reply).toMatchObject({ status: 404, headers: { 'access-control-allow-origin': ORIGIN } })
  })

  test.each(['https://evil.example', `${ORIGIN}.evil.example`, 'http://app.example.com', 'null'])(
    'is closed for %s, and says so to caches',
    async (origin) => {
      for (const reply of [
        await send(open, '/graphql', preflight(origin)),
        await ask(open, '{ viewer { id } }', { origin }),
      ]) {
        expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
        expect(reply.headers.vary).toContain('Origin')
      }
    },
  )

  test('is closed for everyone by default', async () => {
    for (const origin of [ORIGIN, 'http://localhost:3000', new URL(closed.url).origin]) {
      const { headers } = await send(closed, '/graphql', preflight(origin))
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('compression', () => {
  test.each([
    ['br', 'gzip, br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
  ])('by %s is used for long replies where the client takes it', async (encoding, accepted, decompress) => {
    const plain = await ask(closed, LONG_QUERY)
    const packed = await ask(closed, LONG_QUERY, { 'accept-encoding': accepted })

    expect(plain.headers).not.toHaveProperty('content-encoding')
    expect(packed.headers).toMatchObject({
      'content-encoding': encoding,
      'cache-control': 'no-store',
      vary: expect.stringContaining('Accept-Encoding'),
    })
    expect(packed.body.length).toBeLessThan(plain.body.length / 3)
    expect(decompress(packed.body)).toEqual(plain.body)
  })

  test('is not used below a kibibyte', async () => {
    const { headers, body } = await ask(closed, '{ viewer { id } }', { 'accept-encoding': 'gzip, br' })

    expect(headers).not.toHaveProperty('content-encoding')
    expect(Number(headers['content-length'])).toBe(body.length)
  })
})

test('GraphiQL is not there where it is switched off', async () => {
  const page = await send(closed, '/graphql', { headers: BROWSER })

  expect(page.headers['content-type']).toContain('json')
  expect(await send(closed, '/graphiql/assets/page.js', {})).toMatchObject({ status: 404 })
})
