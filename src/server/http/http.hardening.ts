import type { IncomingMessage, ServerResponse } from 'node:http'
import compression from 'compression'
import cors from 'cors'
import helmet from 'helmet'
import type { WebSettings } from '../../platform/config/config.web.js'
import { isSecure } from './client.address.js'

const COMPRESSED_FROM_BYTES = 1_024
const PREFLIGHT_SECONDS = 600

/** Response headers that pages of other origins may read. */
const EXPOSED_HEADERS = ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy']

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** Applied to every response: security headers, CORS and compression. */
export class HttpHardening {
  readonly #always: readonly Middleware[]
  readonly #overTls = helmet.strictTransportSecurity({ includeSubDomains: false }) as Middleware

  constructor(
    { corsOrigins }: WebSettings,
    private readonly trustedProxies: number,
  ) {
    this.#always = [securityHeaders, ...allowing(corsOrigins), compressing]
  }

  /** Prepares the response; false if it was answered already, as a CORS preflight is. */
  prepare(request: IncomingMessage, response: ServerResponse): boolean {
    if (isSecure(request, this.trustedProxies)) this.#overTls(request, response, () => undefined)
    return this.#always.every((middleware) => passes(middleware, request, response))
  }
}

/** For data replies: a browser that displays one must not run anything in it. GraphiQL's page has its own policy. */
const securityHeaders: Middleware = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
})

// Events must not be buffered.
const compressing = compression({
  threshold: COMPRESSED_FROM_BYTES,
  filter: (request, response) =>
    !String(response.getHeader('content-type')).startsWith('text/event-stream') &&
    compression.filter(request, response),
}) as unknown as Middleware

/** Without configured origins no CORS headers are sent, so browsers block all other sites. */
function allowing(origins: readonly string[]): Middleware[] {
  if (origins.length === 0) return []
  return [
    cors({
      origin: [...origins],
      methods: ['GET', 'POST'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_SECONDS,
    }),
  ]
}

/** All of these middlewares are synchronous. */
function passes(middleware: Middleware, request: IncomingMessage, response: ServerResponse): boolean {
  let isPassed = false
  middleware(request, response, () => {
    isPassed = true
  })
  return isPassed
}
