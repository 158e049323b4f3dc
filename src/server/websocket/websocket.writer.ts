import type { WebSocket } from 'ws'
import type { WebsocketSettings } from '../../platform/config.websocket.js'

const SOCKETS_AT_THE_LIMIT = 4

/** What waits for the clients of all sockets to read it. */
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

  /** Gives up sockets until the rest is within its bounds, those with the most first. */
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

/** Writes to one socket. What its client does not read is kept within bounds, and for no longer than a deadline. */
export class WebsocketWriter {
  /** bytes that were handed to the socket and that it has not passed on */
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
    // Its answer to each ping waits for the client as everything else does.
    socket.on('ping', () => {
      if (socket.bufferedAmount > limits.unreadBytes) this.giveUp()
    })
  }

  /** Resolves when the text is on its way, or never will be. */
  send(text: string): Promise<void> {
    // A client that went away is no error: its socket's end is heard of elsewhere.
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

  /** Gives the socket up when its client has taken nothing for too long. */
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
