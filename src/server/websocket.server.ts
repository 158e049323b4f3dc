import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs } from 'graphql'
import { handleProtocols, makeServer, type Server } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '../platform/log.js'
import type { HeaderSource } from '../platform/request.js'
import { ended, settledWithin } from './time.limit.js'
import { WebsocketConnection } from './websocket.connection.js'
import type { WebsocketOperations } from './websocket.operations.js'

const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
const INIT_WAIT_MS = 10_000
const DRAIN_MS = 10_000
const CLOSE_MS = 2_000

/**
 * GraphQL over WebSocket (the `graphql-transport-ws` protocol) on sockets that the HTTP server hands over. Anyone may
 * connect; the credential in `connection_init` is checked for each operation.
 */
export class WebsocketServer {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
    handleProtocols,
  })
  readonly #connections = new Map<WebSocket, WebsocketConnection>()
  readonly #protocol: Server<undefined>

  constructor(
    private readonly operations: WebsocketOperations,
    private readonly logger: Logger,
  ) {
    this.#protocol = makeServer<Record<string, unknown>, undefined>({
      connectionInitWaitTimeout: INIT_WAIT_MS,
      onSubscribe: ({ connectionParams, subscriptions }, _id, payload) =>
        operations.prepare(readParams(connectionParams), payload, Object.keys(subscriptions).length),
      execute: (args: ExecutionArgs) => operations.execute(args),
      subscribe: (args: ExecutionArgs) => operations.subscribe(args),
      onNext: (_context, _id, _payload, args, result) => operations.formatResult(result, args),
      onError: (_context, _id, _payload, errors) => operations.formatErrors(errors),
    })
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, stream, head, (socket) => this.#open(socket))
  }

  /** Finishes what runs, and sends clients away in a way that makes them connect again, to another node. */
  async stop(): Promise<void> {
    await settledWithin(DRAIN_MS, this.operations.drain())
    // The last replies are written in this turn.
    await new Promise(setImmediate)
    const open = [...this.#connections]
    for (const [, connection] of open) connection.goAway()
    await settledWithin(CLOSE_MS, Promise.all(open.map(([socket]) => ended(socket))))
    for (const [socket] of open) socket.terminate()
    this.#sockets.close()
  }

  #open(socket: WebSocket): void {
    this.#connections.set(socket, new WebsocketConnection(socket, this.#protocol, this.logger))
    socket.once('close', () => this.#connections.delete(socket))
  }
}

/** `connection_init` carries what headers would, under the same names. */
function readParams(params: Readonly<Record<string, unknown>> | undefined): HeaderSource {
  const headers = new Map(Object.entries(params ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => {
    const value = headers.get(name)
    return typeof value === 'string' ? value : undefined
  }
}
