import { EventEmitter, on } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { buildSchema, graphql } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { createGraphiqlHandler } from '../../src/server/graphiql.js'

/** A gateway of three fields for tests of the page alone: it notes what reaches it, and its test sends the events. */
export interface StandIn {
  url: string
  /** `x-api-key` of each operation over HTTP; the page's readings of the schema are left out. */
  httpKeys: (string | undefined)[]
  /** The payload of each connection_init. */
  connectionParams: (Record<string, unknown> | undefined)[]
  /** How many subscriptions run now. */
  subscribers(): number
  /** Sends every subscriber an event. */
  tick(percent: number): void
  /** Completes every subscription. */
  finish(): void
  stop(): Promise<void>
}

interface Operation {
  query: string
  variables?: Record<string, unknown>
  operationName?: string
}

const SCHEMA = `
  type Query { greeting(name: String!): String! }
  type Mutation { rename(name: String!): String! }
  type Subscription { progress: Int! }
`

/** Serves the page built into `directory` and a GraphQL endpoint that refuses everything without an API key. */
export async function startServer(directory: string): Promise<StandIn> {
  const events = new EventEmitter()
  const schema = buildSchema(SCHEMA)
  const rootValue = {
    greeting: ({ name }: { name: string }) => `Hello, ${name}`,
    rename: ({ name }: { name: string }) => {
      if (name === '') throw new Error('A name needs a letter.')
      return name
    },
    progress: () => on(events, 'tick', { close: ['finish'] }),
  }
  const progress = schema.getSubscriptionType()?.getFields().progress
  if (progress) progress.resolve = ([percent]) => percent

  const httpKeys: StandIn['httpKeys'] = []
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { query, variables, operationName } = (await json(request)) as Operation
    const key = request.headersDistinct['x-api-key']?.[0]
    if (operationName !== 'IntrospectionQuery') httpKeys.push(key)
    const result =
      key === undefined
        ? { errors: [{ message: 'Sign in with an API key.' }] }
        : await graphql({ schema, rootValue, source: query, variableValues: variables, operationName })
    response.writeHead(key === undefined ? 401 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(result))
  }

  const graphiql = createGraphiqlHandler(directory)
  const server = createServer((request, response) => {
    if (!graphiql.handle(request, response)) void answer(request, response)
  })

  const connectionParams: StandIn['connectionParams'] = []
  const sockets = useServer(
    {
      schema,
      roots: { subscription: rootValue },
      onConnect: (context) => {
        connectionParams.push(context.connectionParams)
        return context.connectionParams?.['X-API-Key'] !== undefined
      },
    },
    new WebSocketServer({ server, path: '/graphql' }),
  )

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    httpKeys,
    connectionParams,
    subscribers: () => events.listenerCount('tick'),
    tick: (percent) => events.emit('tick', percent),
    finish: () => events.emit('finish'),
    stop: async () => {
      await sockets.dispose()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
