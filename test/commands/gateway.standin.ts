import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { buildSchema, graphql } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { GraphqlClient } from '../../src/commands/graphql.client.js'
import { SCHEMA } from './gateway.schema.js'
import { GatewayStore } from './gateway.store.js'

export const API_KEY = 'key-of-the-tests'

/** Answers instead of the schema; it is asked once a request, in order. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server with the endpoint, the protocols and the errors of Heddle, in front of a store in memory. */
export class GatewayStandin implements AsyncDisposable {
  readonly store = new GatewayStore()
  readonly answers: Answer[] = []
  requests = 0
  mostInFlight = 0
  #inFlight = 0
  readonly #subscriptions = new EventEmitter()
  readonly #server: Server
  readonly #sockets: WebSocketServer

  constructor() {
    const schema = buildSchema(SCHEMA)
    this.#server = createServer((request, response) => {
      this.requests += 1
      this.#inFlight += 1
      this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight)
      response.once('close', () => {
        this.#inFlight -= 1
      })
      void this.#answer(request, response, schema)
    })
    this.#sockets = new WebSocketServer({ server: this.#server, path: '/graphql' })
    useServer(
      {
        schema,
        roots: { subscription: this.store.resolvers },
        onSubscribe: () => void this.#subscriptions.emit('subscribed'),
        onConnect: ({ connectionParams }) => connectionParams?.['X-API-Key'] === API_KEY,
      },
      this.#sockets,
    )
  }

  static async start(): Promise<GatewayStandin> {
    const standin = new GatewayStandin()
    standin.#server.listen(0, '127.0.0.1')
    await once(standin.#server, 'listening')
    return standin
  }

  /** Resolves at the next subscription. */
  async subscribed(): Promise<void> {
    await once(this.#subscriptions, 'subscribed')
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/graphql`
  }

  client(apiKey = API_KEY): GraphqlClient {
    return new GraphqlClient(this.url, apiKey, { backoffMs: 1 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    schema: ReturnType<typeof buildSchema>,
  ): Promise<void> {
    const body = await text(request)
    const answer = this.answers.shift()
    if (answer) return answer(request, response)
    if (request.headers['x-api-key'] !== API_KEY) {
      const error = { message: 'Sign in', extensions: { code: 'UNAUTHENTICATED' } }
      return reply(response, 401, { errors: [error] })
    }
    const { query, variables } = JSON.parse(body)
    const result = await graphql({
      schema,
      source: query,
      variableValues: variables,
      rootValue: this.store.resolvers,
    })
    reply(response, 200, result)
  }
}

export function reply(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
