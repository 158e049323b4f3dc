import { setTimeout as wait } from 'node:timers/promises'
import { CloseCode, createClient } from 'graphql-ws/client'
import { WebSocket } from 'ws'
import { retryAfterMs } from '../platform/workers/backoff.js'

/** A request that the server rejected or that never reached it. `code` is the error's `extensions.code`. */
export class GraphqlRequestError extends Error {
  override readonly name = 'GraphqlRequestError'

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

export interface RunOptions {
  /** false: not retried after a broken connection, because it may have been carried out; default true */
  repeatable?: boolean
}

export interface ClientOptions {
  /** delay before the second attempt, doubled for each further one; default 500 */
  backoffMs?: number
  /** default 120,000 */
  timeoutMs?: number
}

type Variables = Record<string, unknown>

interface Reply {
  data?: unknown
  errors?: readonly ReplyError[]
}

interface ReplyError {
  message: string
  extensions?: Record<string, unknown>
}

const ATTEMPTS = 4
const BACKOFF_MS = 500
const CONNECTION_TIMEOUT_MS = 10_000
const MAX_WAIT_MS = 60_000

/** GraphQL client for a Heddle server: queries and mutations over HTTP, subscriptions over WebSocket. */
export class GraphqlClient {
  constructor(
    readonly url: string,
    readonly apiKey: string,
    readonly options: ClientOptions = {},
  ) {}

  /** Runs one operation; up to three attempts while the server is unavailable or requests a delay. */
  async run<Data>(document: string, variables: Variables = {}, options: RunOptions = {}): Promise<Data> {
    const repeatable = options.repeatable ?? true
    let backoff = this.options.backoffMs ?? BACKOFF_MS
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#send(document, variables)
      if (outcome.error === null) return outcome.data as Data
      const again = outcome.retry === 'always' || (outcome.retry === 'if repeatable' && repeatable)
      if (!again || attempt === ATTEMPTS) throw outcome.error
      await wait(Math.min(outcome.retryAfterMs ?? backoff, MAX_WAIT_MS))
      backoff *= 2
    }
  }

  /** Runs a subscription until it completes, the caller leaves the loop, or `signal` is aborted. */
  async *subscribe<Data>(
    document: string,
    variables: Variables = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Data> {
    if (signal?.aborted) return
    const client = createClient({
      url: this.url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { 'X-API-Key': this.apiKey },
      connectionAckWaitTimeout: CONNECTION_TIMEOUT_MS,
      retryAttempts: ATTEMPTS - 1,
      retryWait: (retries) => wait((this.options.backoffMs ?? BACKOFF_MS) * 2 ** retries),
      shouldRetry: (event) => !isRefusal(event),
    })
    const replies = client.iterate({ query: document, variables })
    const stop = (): void => void replies.return?.()
    signal?.addEventListener('abort', stop)
    try {
      for await (const reply of replies) {
        if (reply.errors?.[0]) throw toRequestError(reply.errors[0])
        yield reply.data as Data
      }
    } catch (error) {
      throw toConnectionError(error, this.url)
    } finally {
      signal?.removeEventListener('abort', stop)
      await client.dispose()
    }
  }

  async #send(query: string, variables: Variables): Promise<Outcome> {
    let response: Response
    let reply: Reply | null
    try {
      response = await fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'x-api-key': this.apiKey,
        },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(this.options.timeoutMs ?? 120_000),
      })
      reply = parseReply(await response.text())
    } catch (error) {
      const failure = new GraphqlRequestError('NETWORK_ERROR', describe(error, this.url), { cause: error })
      return { error: failure, retry: 'if repeatable' }
    }
    const error = errorOf(response, reply)
    if (error === null) return { error, data: reply?.data }
    const waitMs = retryAfterMs(response.headers.get('retry-after'), Date.now())
    return { error, retry: retryOf(response.status, error.code), retryAfterMs: waitMs }
  }
}

type Outcome =
  | { error: null; data: unknown }
  | { error: GraphqlRequestError; retry: 'always' | 'if repeatable' | 'never'; retryAfterMs?: number | null }

/** A rate-limited operation did nothing; one that met an unavailable server may have been carried out. */
function retryOf(status: number, code: string): 'always' | 'if repeatable' | 'never' {
  if (status === 429 || code === 'RATE_LIMITED') return 'always'
  return status === 503 || code === 'SERVICE_UNAVAILABLE' ? 'if repeatable' : 'never'
}

function parseReply(text: string): Reply | null {
  try {
    const reply: unknown = JSON.parse(text)
    return typeof reply === 'object' && reply !== null ? reply : null
  } catch {
    return null
  }
}

function errorOf(response: Response, reply: Reply | null): GraphqlRequestError | null {
  if (reply?.errors?.[0]) return toRequestError(reply.errors[0])
  if (response.ok && reply?.data) return null
  return new GraphqlRequestError('UNEXPECTED_REPLY', `The server answered ${response.status} without GraphQL`)
}

function toRequestError({ message, extensions }: ReplyError): GraphqlRequestError {
  const code = extensions?.code
  return new GraphqlRequestError(typeof code === 'string' ? code : 'UNKNOWN', message)
}

// graphql-ws rejects with the errors of a rejected operation, or with the event that closed the connection.
function toConnectionError(error: unknown, url: string): GraphqlRequestError {
  if (error instanceof GraphqlRequestError) return error
  if (Array.isArray(error)) return toRequestError(error[0])
  if (isRefusal(error)) {
    return new GraphqlRequestError(
      'UNAUTHENTICATED',
      'The server rejected the subscription: check the API key.',
    )
  }
  return new GraphqlRequestError('NETWORK_ERROR', describe(error, url), { cause: error })
}

function isRefusal(event: unknown): boolean {
  const code = typeof event === 'object' && event !== null && 'code' in event ? event.code : null
  return code === CloseCode.Unauthorized || code === CloseCode.Forbidden
}

// fetch only says "fetch failed"; its cause has the reason.
function describe(error: unknown, url: string): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const detail =
    cause instanceof Error ? Reflect.get(cause, 'code') || cause.message : 'the connection closed'
  return `No answer from ${url} (${detail})`
}
