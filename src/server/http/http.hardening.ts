import type { IncomingMessage, ServerResponse } from 'node:http'
import compression from 'compression'
import cors from 'cors'
import helmet from 'helmet'
import type { WebSettings } from '../../platform/config.web.js'
import { isSecure } from './client.address.js'

const COMPRESSED_FROM_BYTES = 1_024
const PREFLIGHT_SECONDS = 600

/** What a page of another origin may read of a reply beside its body. */
const EXPOSED_HEADERS = ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy']

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** What every reply gets, whoever makes it: security headers, CORS and compression. */
export class HttpHardening {
  readonly #always: readonly Middleware[]
  readonly #overTls = helmet.strictTransportSecurity({ includeSubDomains: false }) as Middleware

  constructor(
    { corsOrigins }: WebSettings,
    private readonly trustedProxies: number,
  ) {
    this.#always = [securityHeaders, ...allowing(corsOrigins), compressing]
  }

  /** Prepares the response; false when it has been answered, as a preflight is. */
  prepare(request: IncomingMessage, response: ServerResponse): boolean {
    if (isSecure(request, this.trustedProxies)) this.#overTls(request, response, () => undefined)
    return this.#always.every((middleware) => passes(middleware, request, response))
  }
}

/** For replies that are data: a browser that shows one runs nothing of it. GraphiQL's page has a policy of its own. */
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

// Events must leave as they come.
const compressing = compression({
  threshold: COMPRESSED_FROM_BYTES,
  filter: (request, response) =>
    !String(response.getHeader('content-type')).startsWith('text/event-stream') &&
    compression.filter(request, response),
}) as unknown as Middleware

/** Nothing of CORS without an origin: a browser then refuses all other sites by itself. */
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

/** All of them are done when they return. */
function passes(middleware: Middleware, request: IncomingMessage, response: ServerResponse): boolean {
  let isPassed = false
  middleware(request, response, () => {
    isPassed = true
  })
  return isPassed
}
