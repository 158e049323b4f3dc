import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { documentOf } from './operations.js'
import { TestSubscription } from './subscription.js'

/** JSON of which the test that asked for it knows the shape. */
export type Json = ReturnType<typeof JSON.parse>

export interface ReplyError {
  message: string
  path?: readonly (string | number)[]
  locations?: readonly { line: number; column: number }[]
  extensions: Json
}

export interface Reply {
  data: Json
  errors?: ReplyError[]
  /** HTTP's; null over WebSocket */
  status: number | null
  headers: Headers
}

type Variables = Record<string, unknown>
type HeaderValues = Record<string, string>

// As clients of today ask; with the second type, what is refused has the status 200.
const REPLY_TYPES = 'application/graphql-response+json, application/json;q=0.9'

/** Someone who calls an app over HTTP and WebSocket, as any client would. */
export class TestClient {
  constructor(
    readonly url: string,
    readonly userId: string | null,
    /** also the payload of connection_init */
    readonly headers: HeaderValues = {},
  ) {}

  /** The same caller with more headers. */
  with(headers: HeaderValues): TestClient {
    return new TestClient(this.url, this.userId, { ...this.headers, ...headers })
  }

  /** Sends an operation of the contract, by its name, or a document. */
  async run(nameOrDocument: string, variables: Variables = {}): Promise<Reply> {
    const response = await this.post(JSON.stringify({ query: documentOf(nameOrDocument), variables }))
    return { ...((await response.json()) as Json), status: response.status, headers: response.headers }
  }

  /** The data of an operation that must succeed. */
  async must(nameOrDocument: string, variables: Variables = {}): Promise<Json> {
    const { data, errors } = await this.run(nameOrDocument, variables)
    if (errors) throw new Error(`${nameOrDocument} failed: ${JSON.stringify(errors)}`)
    return data
  }

  post(body: string | Buffer, headers: HeaderValues = {}): Promise<Response> {
    return fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: REPLY_TYPES, ...this.headers, ...headers },
      body,
    })
  }

  /** One operation over a WebSocket of its own; a subscription's first reply. */
  async runOverWebSocket(nameOrDocument: string, variables: Variables = {}): Promise<Reply> {
    const subscription = this.subscribe(nameOrDocument, variables)
    try {
      const reply = await subscription.next()
      if (reply === null) throw new Error('The operation completed without a reply.')
      return reply
    } finally {
      await subscription.stop()
    }
  }

  /** Over a WebSocket of its own, which ends with it. */
  subscribe(nameOrDocument: string, variables: Variables = {}): TestSubscription {
    const socket = this.open()
    return socket.subscribe(nameOrDocument, variables, () => socket.close())
  }

  open(): TestSocket {
    return new TestSocket(this.url, this.headers)
  }
}

/** One WebSocket, for operations that share it. */
export class TestSocket implements AsyncDisposable {
  readonly #client: Client

  constructor(url: string, connectionParams: Record<string, unknown>) {
    this.#client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams,
      retryAttempts: 0,
      // Closed by the test, not because nothing runs.
      lazyCloseTimeout: 60_000,
    })
  }

  subscribe(
    nameOrDocument: string,
    variables: Variables = {},
    whenStopped?: () => Promise<void>,
  ): TestSubscription {
    return new TestSubscription(this.#client, documentOf(nameOrDocument), variables, whenStopped)
  }

  async run(nameOrDocument: string, variables: Variables = {}): Promise<Reply> {
    const [reply] = await this.subscribe(nameOrDocument, variables).rest()
    if (!reply) throw new Error('The operation completed without a reply.')
    return reply
  }

  async close(): Promise<void> {
    await this.#client.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
