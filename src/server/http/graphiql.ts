import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'

const PAGE_PATH = '/graphql'
const ASSETS_PATH = '/graphiql/'
const NOT_BUILT = 'GraphiQL is not built. Build it with: npx vite build graphiql\n'

// Monaco sets style elements and attributes, and GraphiQL's style sheet contains its fonts and images as data URLs.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface GraphiqlHandler {
  /** Serves the GraphiQL page and its assets; returns false, without a response, if the request is for neither. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
}

/** Serves the page that was built into `directory` to browsers that open the GraphQL endpoint. */
export function createGraphiqlHandler(directory: string): GraphiqlHandler {
  // `dev` reads the disk on each request, so a build made after the start is served, and a rebuild leaves no outdated file
  // list.
  const serve = sirv(directory, {
    dev: true,
    etag: true,
    gzip: true,
    setHeaders: (response, path) => {
      const isHashed = path.startsWith('/assets/')
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      if (!isHashed) response.appendHeader('vary', 'Accept')
    },
  })

  return {
    handle(request, response) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const path = request.url?.split('?', 1)[0] ?? ''
      const isPage = path === PAGE_PATH && prefersHtml(request.headers.accept ?? '')
      if (!isPage && !path.startsWith(ASSETS_PATH)) return false

      response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY)
      if (isPage && !existsSync(join(directory, 'index.html'))) {
        response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
        response.end(NOT_BUILT)
        return true
      }
      serve(forFile(request, isPage ? '/index.html' : path.slice(ASSETS_PATH.length - 1)), response)
      return true
    },
  }
}

/** The request for sirv: with another path, and without Range, because reversed bounds make its stream throw. */
function forFile(request: IncomingMessage, path: string): IncomingMessage {
  const { range: _, ...headers } = request.headers
  return Object.create(request, { url: { value: path }, headers: { value: headers } })
}

/** Whether HTML is preferred to JSON. A wildcard alone, as curl sends it, prefers neither and gets GraphQL. */
function prefersHtml(accept: string): boolean {
  const ranges = new Map(accept.split(',').map(readRange))
  const quality = (type: string) =>
    ranges.get(type) ?? ranges.get(type.replace(/\/.*/, '/*')) ?? ranges.get('*/*') ?? 0
  const json = Math.max(quality('application/json'), quality('application/graphql-response+json'))
  return quality('text/html') > json
}

function readRange(range: string): [type: string, quality: number] {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  return [type, weight === undefined ? 1 : Number(weight.slice(2)) || 0]
}
