import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { RequestSettings } from '../../platform/config/config.requests.js'
import { notFound } from '../../platform/errors.js'
import { type RequestInfo, readRequestInfo } from '../../platform/request.js'
import { ended, settledWithin } from '../../platform/time.limit.js'
import type { ErrorFormatter } from '../error.format.js'
import { refuse, type WebsocketServer } from '../websocket/websocket.server.js'
import type { GraphiqlHandler } from './graphiql.js'
import type { GraphqlEndpoint } from './graphql.endpoint.js'
import type { HealthEndpoint } from './health.endpoint.js'
import { formatFailure, sendFailure } from './http.failure.js'
import type { HttpHardening } from './http.hardening.js'
import { headersOf } from './http.headers.js'
import { sendJson } from './http.reply.js'
import type { SseEndpoint } from './sse.endpoint.js'

const GRAPHQL_PATH = '/graphql'
const STREAM_PATH = '/graphql/stream'
// Longer than the idle timeout of common load balancers, so that they never reuse a connection that is being closed.
const KEEP_ALIVE_MS = 65_000
const DRAIN_MS = 10_000

/** Handlers for `/graphql` and GraphiQL; a worker process has none. */
export interface GraphqlFace {
  endpoint: GraphqlEndpoint
  streams: SseEndpoint
  /** null: not served */
  graphiql: GraphiqlHandler | null
  websocket: WebsocketServer
}

/** The only listening socket: routes each request to its handler, and every failure through the error formatter. */
export class HttpServer {
  readonly #server: Server
  readonly #replies = new Set<ServerResponse>()
  #stopping = false

  constructor(
    private readonly hardening: HttpHardening,
    private readonly health: HealthEndpoint,
    private readonly errors: ErrorFormatter,
    private readonly graphql: GraphqlFace | null,
    { headersTimeoutMs, requestTimeoutMs }: Pick<RequestSettings, 'headersTimeoutMs' | 'requestTimeoutMs'>,
  ) {
    this.#server = createServer(
      { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs, keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => void this.#handle(request, response),
    )
    this.#server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head))
  }

  /** @returns the address it listens on */
  async listen(port: number, host: string): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(explainListening(error, port, host)))
      this.#server.listen(port, host, resolve)
    })
    return this.#server.address() as AddressInfo
  }

  /** Stops accepting connections, waits for running requests, and closes every connection. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#stopping = true
    this.health.stop()
    for (const reply of this.#replies) announceEnd(reply)
    const closed = ended(this.#server)
    this.#server.close()
    this.graphql?.streams.stop()
    const left = this.graphql?.websocket.stop()
    if (!(await settledWithin(DRAIN_MS, closed))) this.#server.closeAllConnections()
    await left
    await settledWithin(DRAIN_MS, closed)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const info = readRequestInfo(headersOf(request))
    response.setHeader('x-request-id', info.requestId)
    this.#replies.add(response)
    response.once('close', () => this.#replies.delete(response))
    if (this.#stopping) announceEnd(response)
    try {
      if (this.hardening.prepare(request, response)) await this.#route(request, response, info)
    } catch (thrown) {
      const errors = formatFailure(thrown, request, this.errors, info)
      if (errors) sendFailure(response, errors)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, info: RequestInfo): Promise<void> {
    if (this.graphql?.graphiql?.handle(request, response)) return
    const path = pathOf(request)
    if (path === GRAPHQL_PATH && this.graphql) return this.graphql.endpoint.handle(request, response, info)
    if (path === STREAM_PATH && this.graphql) return this.graphql.streams.handle(request, response, info)
    if (path === '/health/live') return sendJson(response, 200, { status: 'ok' })
    if (path === '/health/ready') {
      const { httpStatus, readiness } = await this.health.check()
      return sendJson(response, httpStatus, readiness)
    }
    throw notFound('Path', { path: path.slice(0, 200) })
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy())
    if (this.graphql && pathOf(request) === GRAPHQL_PATH && !this.#stopping) {
      this.graphql.websocket.upgrade(request, stream, head)
      return
    }
    refuse(stream, this.#stopping ? '503 Service Unavailable' : '404 Not Found')
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? ''
}

/** Tells the client that this connection is closed after the reply. */
function announceEnd(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

function explainListening(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code !== 'EADDRINUSE') return error
  const explained = new Error(
    `Port ${port} on ${host} is already in use. Stop the process that uses it, or set PORT to another one.`,
  )
  return Object.assign(explained, { code: error.code, cause: error })
}
