import type { Duplex } from 'node:stream'
import type { GraphQLFormattedError } from 'graphql'
import { MessageType, type Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Logger } from '../../platform/log.js'
import { CloseCodes, type Closing } from './websocket.codes.js'
import { WebsocketHeartbeat } from './websocket.heartbeat.js'
import type { OperationRoom } from './websocket.room.js'
import type { WebsocketSession } from './websocket.session.js'
import type { WebsocketWriter } from './websocket.writer.js'

const BYTES_BEFORE_INIT = 64 * 1024
const CLOSE_MS = 2_000
// As client libraries write it.
const SUBSCRIBE = /^\{"id":"([^"\\]{1,100})","type":"subscribe"/

export interface ConnectionParts {
  session: WebsocketSession
  writer: WebsocketWriter
  room: OperationRoom
  /** Throws for a message that must not be parsed. */
  requireReadable(text: string): void
  /** The error for an operation whose message was not parsed. */
  refuse(thrown: unknown): GraphQLFormattedError[]
}

/** One client message, for as long as its operation runs. */
export interface Arrival {
  readonly connection: WebsocketConnection
  /** Reserves capacity until the operation has ended. Throws RATE_LIMITED. */
  takeRoom(): void
}

/** One client's socket: runs the protocol over it, and closes it when the client exceeds its limits. */
export class WebsocketConnection {
  readonly session: WebsocketSession
  readonly #parts: ConnectionParts
  readonly #heartbeat: WebsocketHeartbeat
  readonly #closed: (code?: number, reason?: string) => Promise<void>
  #arrival: Arrival | null = null
  #isEnded = false
  #isAccepted = false

  constructor(
    private readonly socket: WebSocket,
    stream: Duplex,
    protocol: Server<WebsocketConnection>,
    createParts: (connection: WebsocketConnection) => ConnectionParts,
    private readonly logger: Logger,
  ) {
    this.#parts = createParts(this)
    this.session = this.#parts.session
    this.#heartbeat = new WebsocketHeartbeat(socket)
    this.#limitAnonymous(stream)
    socket.on('error', (error) => logger.debug({ err: error }, 'websocket failed'))
    socket.once('close', (code) => this.#end(code))
    this.#closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => this.#parts.writer.send(text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) => socket.on('message', (data) => this.#receive(String(data), receive)),
      },
      this,
    )
  }

  /** The message being processed: the protocol calls back synchronously. */
  get arrival(): Arrival {
    if (this.#arrival === null) throw new Error('No message is being read')
    return this.#arrival
  }

  /** Handles the payload of `connection_init`. @returns false if the socket is closed because of it */
  async accept(params: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    const refusal = await this.session.open(params)
    if (refusal) this.close(refusal)
    this.#isAccepted = refusal === null
    return this.#isAccepted
  }

  close({ code, reason }: Closing): void {
    this.socket.close(code, reason)
  }

  /** Called periodically: checks that the client responds and reads. */
  beat(): void {
    this.#parts.writer.check()
    // A ping would wait behind unread data.
    if (this.#parts.writer.unread > 0 || this.socket.readyState !== this.socket.OPEN) return
    if (!this.#heartbeat.beat()) this.socket.terminate()
  }

  /**
   * Closes the socket before its subscriptions end: clients treat completed subscriptions as done, but after losing a socket
   * they reconnect and subscribe again.
   */
  goAway(): void {
    this.close({ code: CloseCodes.goingAway, reason: 'Going away' })
    this.#end(CloseCodes.goingAway)
  }

  #end(code: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#parts.writer.end()
    this.session.end()
    this.#closed(code).catch((error: unknown) => this.logger.error({ err: error }, 'subscription not left'))
  }

  #receive(text: string, receive: (text: string) => Promise<void>): void {
    try {
      this.#parts.requireReadable(text)
    } catch (refusal) {
      this.#refuse(text, refusal)
      return
    }
    let giveBack: () => void = () => undefined
    const takeRoom = () => {
      giveBack = this.#parts.room.take(text.length)
    }
    this.#arrival = { connection: this, takeRoom }
    void receive(text)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => giveBack())
    this.#arrival = null
  }

  /** A rejected operation affects nothing else on its socket. */
  #refuse(text: string, refusal: unknown): void {
    const id = this.#isAccepted ? SUBSCRIBE.exec(text)?.[1] : undefined
    if (id === undefined) this.close({ code: CloseCodes.badRequest, reason: 'Invalid message received' })
    else {
      const message = { id, type: MessageType.Error, payload: this.#parts.refuse(refusal) }
      void this.#parts.writer.send(JSON.stringify(message))
    }
  }

  #fail(error: unknown): void {
    this.logger.error({ err: error }, 'websocket message failed')
    this.close({ code: CloseCodes.internalError, reason: 'Internal server error' })
  }

  /** Until `connection_init` is accepted, limits the total number of bytes, regardless of frames. */
  #limitAnonymous(stream: Duplex): void {
    let left = BYTES_BEFORE_INIT
    const count = (chunk: Buffer) => {
      if (this.#isAccepted) return void stream.off('data', count)
      left -= chunk.length
      if (left >= 0) return
      stream.off('data', count)
      this.close({ code: CloseCodes.messageTooBig, reason: 'Too much before connection_init is accepted' })
      // Reads nothing more; the client has a moment to receive the close reason.
      this.socket.pause()
      const timer = setTimeout(() => this.socket.terminate(), CLOSE_MS)
      this.socket.once('close', () => clearTimeout(timer))
    }
    stream.prependListener('data', count)
  }
}
