import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Json } from '../support/client.js'

const MEBIBYTE = 1024 * 1024
const JSON_TYPE = { 'content-type': 'application/json', accept: 'application/graphql-response+json' }

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

async function read(response: Response): Promise<Json> {
  return { status: response.status, headers: response.headers, ...((await response.json()) as Json) }
}

const at = (path: string) => new URL(path, app.url)
const VIEWER = JSON.stringify({ query: '{ viewer { id } }' })

describe('a body', () => {
  test('that is no JSON is refused with 400', async () => {
    for (const body of ['{"query": ', 'query', Buffer.from([0x22, 0xff, 0x22])]) {
      const reply = await read(await app.withApiKey().post(body))

      expect(reply.status).toBe(400)
      expect(reply).toFailWith({
        code: 'VALIDATION_ERROR',
        status: 400,
        message: expect.stringMatching(/^Invalid (?:JSON|UTF-8) in the body\.$/),
      })
    }
  })

  test.each([
    ['is no object', '"query"'],
    ['is empty', '{}'],
    ['is a batch', `[${VIEWER}]`],
    ['has no query', '{"variables":{}}'],
    ['has variables that are no object', '{"query":"{ viewer { id } }","variables":"{}"}'],
  ])('that %s is refused with 400 and a trace', async (_, body) => {
    const reply = await read(await app.withApiKey().post(body))

    expect(reply.status).toBe(400)
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR', status: 400 })
  })

  test('of another type, as a form of another site could send it, is refused with 415', async () => {
    const reply = await read(await app.withApiKey().post(VIEWER, { 'content-type': 'text/plain' }))

    expect(reply.status).toBe(415)
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR', status: 415 })
  })

  test('that is compressed is refused with 415', async () => {
    const reply = await read(await app.withApiKey().post(gzipSync(VIEWER), { 'content-encoding': 'gzip' }))

    expect(reply.status).toBe(415)
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR' })
  })

  test('of two mebibytes is read of a known caller, and refused of a stranger', async () => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { padding: 'x'.repeat(2 * MEBIBYTE) } })

    expect(await read(await app.withApiKey().post(body))).toMatchObject({ data: { __typename: 'Query' } })
    const refused = await read(await app.anonymous().post(body))
    expect(refused.status).toBe(413)
    expect(refused).toFailWith({ code: 'VALIDATION_ERROR', details: { limit: MEBIBYTE } })
  })

  test('that does not say its length is refused where it grows too long', async () => {
    const { status, body } = await send('POST', '/graphql', JSON_TYPE, (request) => {
      for (let sent = 0; sent < 3 * MEBIBYTE; sent += 65_536) request.write(randomBytes(65_536))
      request.end()
    })

    expect(status).toBe(413)
    expect(JSON.parse(body)).toFailWith({ code: 'VALIDATION_ERROR' })
  })

  test('that announces more than is read is refused before it is sent', async () => {
    const headers = { ...JSON_TYPE, ...app.withApiKey().headers, 'content-length': String(300 * MEBIBYTE) }
    const { status } = await send('POST', '/graphql', headers, (request) => request.flushHeaders())

    expect(status).toBe(413)
  })

  test('of a caller with a bad credential is not waited for', async () => {
    const headers = { ...JSON_TYPE, 'x-api-key': 'hdl_unknown', 'content-length': '1000' }
    const { status } = await send('POST', '/graphql', headers, (request) => request.flushHeaders())

    expect(status).toBe(401)
  })
})

test('a connection goes on after a reply that did not wait for the body', async () => {
  const body = 'x'.repeat(100_000)
  const refused = `POST /graphql HTTP/1.1\r\nhost: a\r\nx-api-key: bad\r\naccept: application/graphql-response+json\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const next = 'GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
  const socket = connect(Number(at('/').port), '127.0.0.1')
  socket.write(refused + next)

  const replies = await text(socket)

  expect(replies.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
})

describe('GET /graphql', () => {
  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(at(`/graphql?query=${encodeURIComponent(query)}`), {
      headers: { ...app.withApiKey().headers, ...headers },
    })

  test('answers a query', async () => {
    const reply = await read(await get('{ viewer { id } }', { 'apollo-require-preflight': 'true' }))

    expect(reply).toMatchObject({ status: 200, data: { viewer: { id: 'user_bootstrap' } } })
  })

  test('refuses a mutation with 405', async () => {
    const mutation = 'mutation { createOrganization(name: "Acme") { organization { id } } }'
    const reply = await read(await get(mutation, { 'apollo-require-preflight': 'true' }))

    expect(reply.status).toBe(405)
    expect(reply.headers.get('allow')).toBe('POST')
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR' })
  })

  test('needs no such header with a credential, and refuses what a tag of another site could send', async () => {
    const query = encodeURIComponent('{ __typename }')
    expect(await read(await get('{ __typename }'))).toMatchObject({
      status: 200,
      data: { __typename: 'Query' },
    })

    const { status, body } = await send('GET', `/graphql?query=${query}`, {}, (request) => request.end())
    const reply = { status, ...JSON.parse(body) }

    expect(reply.status).toBe(400)
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR' })
  })

  test('is GraphiQL for a browser', async () => {
    const response = await fetch(app.url, { headers: { accept: 'text/html,*/*;q=0.8' } })

    expect(response.headers.get('content-type')).toMatch(/^text\//)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

test('another method is refused with 405, and OPTIONS says which there are', async () => {
  const refused = await read(await fetch(app.url, { method: 'PUT', body: '{}' }))
  expect(refused.status).toBe(405)
  expect(refused).toFailWith({ code: 'VALIDATION_ERROR', details: { method: 'PUT' } })

  const options = await fetch(app.url, { method: 'OPTIONS' })
  expect(options.status).toBe(204)
  expect(options.headers.get('allow')).toBe('GET, POST')
  expect(options.headers.has('access-control-allow-origin')).toBe(false)
})

test('an unknown path is refused with 404 and the envelope', async () => {
  const reply = await read(await fetch(at('/graphq')))

  expect(reply.status).toBe(404)
  expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND', status: 404, details: { path: '/graphq' } })
})

test('a request keeps its ids, and gets what it lacks', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const client = app.withApiKey().with({
    'x-request-id': 'request-1',
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
  })

  const reply = await client.run('Thread', { id: 'thrd_none' })
  const [error] = reply.errors ?? []

  expect(reply.headers.get('x-request-id')).toBe('request-1')
  expect(error?.extensions.traceId).toBe(traceId)
  expect((await app.withApiKey().run('Viewer')).headers.get('x-request-id')).toMatch(/^req_/)
  const [overWebSocket] = (await client.runOverWebSocket('Thread', { id: 'thrd_none' })).errors ?? []
  expect(overWebSocket?.extensions.traceId).toBe(traceId)
})

test('the process is alive, and ready while its database answers', async () => {
  expect(await (await fetch(at('/health/live'))).json()).toEqual({ status: 'ok' })
  const ready = await fetch(at('/health/ready'))
  expect(ready.status).toBe(200)
  expect(await ready.json()).toEqual({ status: 'ok', checks: { database: 'ok', events: 'ok' } })
})

interface Answer {
  status: number
  body: string
}

/** By hand, because fetch sends a request whole. */
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  write: (request: ReturnType<typeof httpRequest>) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(at(path), { method, headers, agent: false }, (response) => {
      text(response).then((body) => {
        request.destroy()
        resolve({ status: response.statusCode ?? 0, body })
      }, reject)
    })
    request.on('error', reject)
    write(request)
  })
}
