import type { Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Logger } from '../platform/log.js'

const KEEP_ALIVE_MS = 12_000
const GOING_AWAY = 1001
const INTERNAL_ERROR = 4500

/** One client's socket: speaks the protocol over it, and ends it when the client no longer answers. */
export class WebsocketConnection {
  readonly #closed: (code?: number, reason?: string) => Promise<void>
  readonly #keepAlive: NodeJS.Timeout
  #isEnded = false

  constructor(
    private readonly socket: WebSocket,
    protocol: Server<undefined>,
    private readonly logger: Logger,
  ) {
    this.#closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => this.#send(text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) => {
          socket.on('message', (data) => {
            receive(String(data)).catch((error: unknown) => this.#fail(error))
          })
        },
      },
      undefined,
    )
    this.#keepAlive = this.#watchClient()
    socket.on('error', (error) => logger.debug({ err: error }, 'websocket failed'))
    socket.once('close', (code) => this.#end(code))
  }

  /**
   * Closes the socket before its subscriptions end: a client that heard them complete would take them as done, while
   * one that loses its socket connects again and asks anew.
   */
  goAway(): void {
    this.socket.close(GOING_AWAY, 'Going away')
    this.#end(GOING_AWAY)
  }

  #end(code: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearInterval(this.#keepAlive)
    this.#closed(code).catch((error: unknown) => this.logger.error({ err: error }, 'subscription not left'))
  }

  #send(text: string): Promise<void> {
    if (this.socket.readyState !== this.socket.OPEN) return Promise.resolve()
    // A client that went away meanwhile is no error: its socket's end is heard of elsewhere.
    return new Promise((resolve) => this.socket.send(text, () => resolve()))
  }

  #fail(error: unknown): void {
    this.logger.error({ err: error }, 'websocket message failed')
    this.socket.close(INTERNAL_ERROR, 'Internal server error')
  }

  #watchClient(): NodeJS.Timeout {
    let answered = true
    this.socket.on('pong', () => {
      answered = true
    })
    return setInterval(() => {
      if (!answered) return this.socket.terminate()
      answered = false
      this.socket.ping()
    }, KEEP_ALIVE_MS)
  }
}
