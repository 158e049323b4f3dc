import { randomBytes } from 'node:crypto'
import type { WebSocket } from 'ws'

const NONCE_BYTES = 8

/** Finds out whether a client is there: each ping has a text of its own, which nobody can send back unseen. */
export class WebsocketHeartbeat {
  #nonce: Buffer | null = null
  #isOverdue = false

  constructor(private readonly socket: WebSocket) {
    socket.on('pong', (text) => {
      if (this.#nonce?.equals(text)) this.#nonce = null
    })
  }

  /** False when a ping was not answered although there was time for it, also where this process was busy. */
  beat(): boolean {
    if (this.#nonce === null) {
      this.#isOverdue = false
      this.#nonce = randomBytes(NONCE_BYTES)
      this.socket.ping(this.#nonce)
      return true
    }
    if (this.#isOverdue) return false
    // What came meanwhile is read before the next beat.
    this.#isOverdue = true
    return true
  }
}
