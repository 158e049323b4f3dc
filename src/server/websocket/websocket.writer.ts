import type { WebSocket } from 'ws'
import type { WebsocketSettings } from '../../platform/config/config.websocket.js'

const SOCKETS_AT_THE_LIMIT = 4

/** The unread data of all sockets. */
export class UnreadBytes {
  readonly #writers = new Set<WebsocketWriter>()
  #total = 0

  constructor(private readonly limit: number) {}

  join(writer: WebsocketWriter): void {
    this.#writers.add(writer)
  }

  leave(writer: WebsocketWriter): void {
    this.#writers.delete(writer)
    this.#total -= writer.unread
  }

  /** Closes sockets, those with the most unread data first, until the rest is within the limit. */
  add(writer: WebsocketWriter, bytes: number): void {
    this.#total += bytes
    if (writer.unread > this.limit) writer.giveUp()
    if (this.#total <= this.limit * SOCKETS_AT_THE_LIMIT) return
    let most = writer
    for (const other of this.#writers) if (other.unread > most.unread) most = other
    most.giveUp()
  }

  remove(bytes: number): void {
    this.#total -= bytes
  }
}

/** Writes to one socket. Limits how much data may wait for its client to read, and for how long. */
export class WebsocketWriter {
  /** bytes passed to the socket that it has not sent */
  unread = 0
  #movedAt = 0
  #isOver = false

  constructor(
    private readonly socket: WebSocket,
    private readonly all: UnreadBytes,
    private readonly limits: WebsocketSettings,
    private readonly onGivenUp: () => void,
  ) {
    all.join(this)
    // Automatic pongs wait for the client like everything else.
    socket.on('ping', () => {
      if (socket.bufferedAmount > limits.unreadBytes) this.giveUp()
    })
  }

  /** Resolves when the text has been sent, or never will be. */
  send(text: string): Promise<void> {
    // A disconnected client is no error here: the socket's close is handled elsewhere.
    if (this.#isOver || this.socket.readyState !== this.socket.OPEN) return Promise.resolve()
    const bytes = Buffer.byteLength(text)
    if (this.unread === 0) this.#movedAt = performance.now()
    this.unread += bytes
    this.all.add(this, bytes)
    return new Promise((resolve) => {
      this.socket.send(text, () => {
        this.#passedOn(bytes)
        resolve()
      })
    })
  }

  /** Closes the socket if its client has read nothing for too long. */
  check(): void {
    if (this.unread > 0 && performance.now() - this.#movedAt > this.limits.writeMs) this.giveUp()
  }

  giveUp(): void {
    if (this.#isOver) return
    this.end()
    this.onGivenUp()
    this.socket.terminate()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.all.leave(this)
  }

  #passedOn(bytes: number): void {
    if (this.#isOver) return
    this.#movedAt = performance.now()
    this.unread -= bytes
    this.all.remove(bytes)
  }
}
