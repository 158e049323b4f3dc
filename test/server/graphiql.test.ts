import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGraphiqlHandler } from '../../src/server/http/graphiql.js'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
const NOT_GRAPHIQL = 418

let directory: string
let server: Server

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-graphiql-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<title>Heddle</title>')
  await writeFile(join(directory, 'assets/page-1a2b.js'), 'start()')
  await writeFile(join(directory, 'assets/page-1a2b.js.gz'), gzipSync('start()'))
  const graphiql = createGraphiqlHandler(directory)
  server = createServer((request, response) => {
    if (!graphiql.handle(request, response)) response.writeHead(NOT_GRAPHIQL).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true, force: true })
})

/** By hand, because fetch would normalise the path and decompress the body. */
async function send(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { port } = server.address() as AddressInfo
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      request({ port, path, method, headers, agent: false }, (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          reject,
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

test('a browser that opens the endpoint gets the page, to be asked for anew each time', async () => {
  const reply = await send('/graphql?query=%7Bviewer%7D', { accept: BROWSER })

  expect(reply).toMatchObject({ status: 200, body: '<title>Heddle</title>' })
  expect(reply.headers).toMatchObject({
    'content-type': 'text/html;charset=utf-8',
    'cache-control': 'no-cache',
    vary: 'Accept-Encoding, Accept',
  })
  const again = { accept: BROWSER, 'if-none-match': String(reply.headers.etag) }
  expect(await send('/graphql', again)).toMatchObject({ status: 304, body: '' })
})

test.each([
  ['JSON is wanted', 'application/graphql-response+json, application/json;q=0.9'],
  ['anything is welcome', '*/*'],
  ['JSON is wanted as much', 'text/html, application/json'],
  ['HTML is wanted less', 'text/html;q=0.5, */*'],
  ['HTML is refused', 'text/html;q=0'],
])('GraphQL keeps the endpoint when %s', async (_, accept) => {
  expect(await send('/graphql', { accept })).toMatchObject({ status: NOT_GRAPHIQL })
})

test('only GET and HEAD are answered, and no other path', async () => {
  expect(await send('/graphql', { accept: BROWSER }, 'POST')).toMatchObject({ status: NOT_GRAPHIQL })
  expect(await send('/health', { accept: BROWSER })).toMatchObject({ status: NOT_GRAPHIQL })
  expect(await send('/graphql', { accept: BROWSER }, 'HEAD')).toMatchObject({ status: 200, body: '' })
})

test('assets have a hash in their names: browsers keep them for good, compressed when they can', async () => {
  const plain = await send('/graphiql/assets/page-1a2b.js')
  expect(plain).toMatchObject({ status: 200, body: 'start()' })
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript',
    'cache-control': 'public, max-age=31536000, immutable',
  })

  const zipped = await send('/graphiql/assets/page-1a2b.js', { 'accept-encoding': 'gzip' })
  expect(zipped.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/javascript' })
})

test('a missing asset is a 404 that nobody keeps', async () => {
  const reply = await send('/graphiql/assets/page-9z9z.js')

  expect(reply.status).toBe(404)
  expect(reply.headers['cache-control']).toBeUndefined()
})

test('no answer runs scripts that are not ours, or stands in a page of another site', async () => {
  for (const path of ['/graphql', '/graphiql/assets/page-1a2b.js']) {
    const { headers } = await send(path, { accept: BROWSER })
    const policy = String(headers['content-security-policy']).split('; ')
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
    )
  }
})

test.each([
  '/graphiql/../package.json',
  '/graphiql/..%2f..%2fpackage.json',
  '/graphiql/%2e%2e/package.json',
  '/graphiql/%00',
  '/graphiql/%zz',
  '/graphiql/assets',
])('no path leads out of the directory or brings the server down: %s', async (path) => {
  expect(await send(path)).toMatchObject({ status: 404 })
})

test('a range with its bounds reversed is answered whole', async () => {
  const reply = await send('/graphiql/assets/page-1a2b.js', { range: 'bytes=5-1' })

  expect(reply).toMatchObject({ status: 200, body: 'start()' })
})

test('a page that was not built says how to build it, and is there as soon as it was', async () => {
  await rm(join(directory, 'index.html'))
  const missing = await send('/graphql', { accept: BROWSER })
  expect(missing).toMatchObject({ status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  expect(missing.body).toContain('npx vite build graphiql')

  await writeFile(join(directory, 'index.html'), '<title>Heddle</title>')
  expect(await send('/graphql', { accept: BROWSER })).toMatchObject({ status: 200 })
})
