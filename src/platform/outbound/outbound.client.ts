import { withinTime } from '../time.limit.js'
import { readText } from './bounded.reply.js'
import { OutboundError, type OutboundService, replyError, unreachable } from './outbound.error.js'

export interface OutboundEndpoint {
  /** where the paths of calls begin; it may hold a user name and a password */
  url: string
  /** sent as a bearer token */
  apiKey?: string | undefined
  /** for a whole call, its reply included */
  timeoutMs: number
}

export interface OutboundCall {
  method: 'GET' | 'POST' | 'DELETE'
  /** after the endpoint's own, percent-encoded */
  path: string
  /** sent as JSON */
  body?: unknown
  /** of the reply; left out, a successful reply is not read */
  maximumBytes?: number
}

/** Calls an outside service over HTTP within limits of time and size, without retries. */
export class OutboundClient {
  readonly #base: URL
  readonly #authorization: string | null
  readonly #secrets: readonly string[]
  readonly #closing = new AbortController()

  constructor(
    private readonly service: OutboundService,
    private readonly endpoint: OutboundEndpoint,
  ) {
    const { url, apiKey } = endpoint
    this.#base = new URL(url)
    const { username, password } = this.#base
    this.#authorization = apiKey ? `Bearer ${apiKey}` : basicAuthorization(username, password)
    this.#secrets = [apiKey, decodeURIComponent(password)].flatMap((secret) => (secret ? [secret] : []))
    // fetch refuses an address with credentials, in a message that shows them.
    this.#base.username = ''
    this.#base.password = ''
  }

  /**
   * Returns the body of a successful reply. Throws OutboundError, the signal's reason when the caller gives up, or the
   * reason for which the client was closed.
   */
  async call(call: OutboundCall, signal?: AbortSignal): Promise<string> {
    const late = this.#error('did not answer in time.')
    const signals = signal ? [signal, this.#closing.signal] : [this.#closing.signal]
    return withinTime(this.endpoint.timeoutMs, late, signals, (limit) => this.#exchange(call, limit))
  }

  /** Ends calls in flight with this reason, and refuses later ones. */
  close(reason: Error): void {
    this.#closing.abort(reason)
  }

  async #exchange(call: OutboundCall, signal: AbortSignal): Promise<string> {
    const response = await this.#send(call, signal)
    if (!response.ok) throw await replyError(this.service, response, this.#secrets)
    const { maximumBytes } = call
    if (maximumBytes === undefined) {
      await response.body?.cancel()
      return ''
    }
    const text = await readText(response, maximumBytes).catch(() => {
      throw this.#error('broke off its answer.')
    })
    if (text === null) throw this.#error(`answered with more than ${maximumBytes} bytes.`)
    return text
  }

  #send({ method, path, body }: OutboundCall, signal: AbortSignal): Promise<Response> {
    const url = new URL(this.#base)
    url.pathname = url.pathname.replace(/\/+$/, '') + path
    const headers = new Headers({ accept: 'application/json' })
    if (this.#authorization !== null) headers.set('authorization', this.#authorization)
    if (body !== undefined) headers.set('content-type', 'application/json')
    // A redirect could carry the call, and the key, to where nobody configured: it is answered like any other failure.
    const request = {
      method,
      headers,
      body: JSON.stringify(body) ?? null,
      signal,
      redirect: 'manual',
    } as const
    return fetch(url, request).catch((error: unknown) => {
      throw unreachable(this.service, error)
    })
  }

  #error(predicate: string): OutboundError {
    return new OutboundError(`${this.service.name} ${predicate}`)
  }
}

function basicAuthorization(username: string, password: string): string | null {
  if (username === '' && password === '') return null
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}
