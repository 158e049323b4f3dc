import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { handleProtocols, makeServer, type Server } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { RequestSettings } from '../../platform/config/config.requests.js'
import type { WebsocketSettings } from '../../platform/config/config.websocket.js'
import type { Bus } from '../../platform/events/bus.js'
import type { Logger } from '../../platform/log.js'
import { ended, settledWithin } from '../../platform/time.limit.js'
import type { CallerIdentification } from '../context.js'
import type { BodyBudget } from '../http/body.budget.js'
import { addressOf } from '../http/client.address.js'
import { requireShallow } from '../http/json.nesting.js'
import type { Origins } from '../http/origins.js'
import { Tally } from '../tally.js'
import type { Closing } from './websocket.codes.js'
import { type ConnectionParts, WebsocketConnection } from './websocket.connection.js'
import type { WebsocketOperations } from './websocket.operations.js'
import { OperationRoom } from './websocket.room.js'
import { WebsocketSession } from './websocket.session.js'
import { UnreadBytes, WebsocketWriter } from './websocket.writer.js'

const INIT_WAIT_MS = 10_000
const DRAIN_MS = 10_000
const CLOSE_MS = 2_000

export interface WebsocketDependencies {
  operations: WebsocketOperations
  callers: CallerIdentification
  bodies: BodyBudget
  bus: Bus
  origins: Origins
  logger: Logger
}

/**
 * GraphQL over WebSocket (the `graphql-transport-ws` protocol) on sockets upgraded by the HTTP server. Clients may connect
 * without a credential; one in `connection_init` must be valid, and the socket is closed when it expires.
 */
export class WebsocketServer {
  readonly #sockets: WebSocketServer
  readonly #connections = new Map<WebSocket, WebsocketConnection>()
  readonly #protocol: Server<WebsocketConnection>
  readonly #socketsOfAddresses: Tally
  readonly #socketsOfUsers: Tally
  readonly #operationsOfCallers: Tally
  readonly #unread: UnreadBytes

  constructor(
    private readonly parts: WebsocketDependencies,
    private readonly limits: WebsocketSettings,
    private readonly requests: Pick<RequestSettings, 'trustedProxies' | 'jsonDepth'>,
  ) {
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.messageBytes,
      perMessageDeflate: false,
      // Of a chunk with many messages, one is processed per event-loop turn, so that other sockets get theirs in between.
      allowSynchronousEvents: false,
      handleProtocols,
    })
    this.#socketsOfAddresses = new Tally(limits.socketsPerAddress)
    this.#socketsOfUsers = new Tally(limits.socketsPerUser)
    this.#operationsOfCallers = new Tally(limits.operationsPerUser)
    this.#unread = new UnreadBytes(limits.unreadBytes)
    const { operations } = parts
    this.#protocol = makeServer<Record<string, unknown>, WebsocketConnection>({
      connectionInitWaitTimeout: INIT_WAIT_MS,
      onConnect: ({ connectionParams, extra }) => extra.accept(connectionParams),
      onSubscribe: ({ extra }, _id, payload) => operations.prepare(extra.arrival, payload),
      execute: (args: ExecutionArgs) => operations.execute(args) as Promise<ExecutionResult>,
      subscribe: (args: ExecutionArgs) => operations.subscribe(args) as Promise<ExecutionResult>,
      // Its errors are formatted already.
      onNext: ({ extra }, _id, _payload, _args, result) => {
        extra.session.hear(result)
        return result
      },
      onError: (_context, _id, _payload, errors) => operations.formatErrors(errors),
    })
  }

  /** Accepts a connection, or rejects it because of its origin or because its address has too many. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const address = addressOf(request, this.requests.trustedProxies)
    if (!this.parts.origins.allow(request)) refuse(stream, '403 Forbidden')
    else if (!this.#socketsOfAddresses.take(address)) refuse(stream, '429 Too Many Requests')
    else {
      stream.once('close', () => this.#socketsOfAddresses.giveBack(address))
      this.#sockets.handleUpgrade(request, stream, head, (socket) => this.#open(socket, stream, address))
    }
  }

  /** Finishes running operations, and closes sockets so that clients reconnect, to another node. */
  async stop(): Promise<void> {
    await settledWithin(DRAIN_MS, this.parts.operations.drain())
    // The last replies are written in this turn.
    await new Promise(setImmediate)
    const open = [...this.#connections]
    for (const [, connection] of open) connection.goAway()
    await settledWithin(CLOSE_MS, Promise.all(open.map(([socket]) => ended(socket))))
    for (const [socket] of open) socket.terminate()
    this.#sockets.close()
  }

  #open(socket: WebSocket, stream: Duplex, address: string): void {
    const { logger } = this.parts
    const createParts = (connection: WebsocketConnection) => this.#createParts(socket, address, connection)
    const connection = new WebsocketConnection(socket, stream, this.#protocol, createParts, logger)
    const heartbeat = setInterval(() => connection.beat(), this.limits.pingMs)
    this.#connections.set(socket, connection)
    socket.once('close', () => {
      clearInterval(heartbeat)
      this.#connections.delete(socket)
    })
  }

  #createParts(socket: WebSocket, address: string, connection: WebsocketConnection): ConnectionParts {
    const { callers, bus, bodies, operations, logger } = this.parts
    const { operationsPerSocket } = this.limits
    const close = (closing: Closing) => connection.close(closing)
    const onGivenUp = () => logger.info({ address }, 'websocket closed: its client does not read')
    const session = new WebsocketSession(callers, bus, this.#socketsOfUsers, address, close)
    return {
      session,
      writer: new WebsocketWriter(socket, this.#unread, this.limits, onGivenUp),
      room: new OperationRoom(session, operationsPerSocket, this.#operationsOfCallers, bodies),
      requireReadable: (text) => requireShallow(text, this.requests.jsonDepth),
      refuse: (thrown) => operations.refuse(thrown, session),
    }
  }
}

export function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
