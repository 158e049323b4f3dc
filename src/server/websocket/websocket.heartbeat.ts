import { randomBytes } from 'node:crypto'
import type { WebSocket } from 'ws'

const NONCE_BYTES = 8

/** Detects dead clients: each ping has a unique payload, which cannot be answered without receiving it. */
export class WebsocketHeartbeat {
  #nonce: Buffer | null = null
  #isOverdue = false

  constructor(private readonly socket: WebSocket) {
    socket.on('pong', (text) => {
      if (this.#nonce?.equals(text)) this.#nonce = null
    })
  }

  /** False if a ping was not answered in time, excluding time in which this process was busy. */
  beat(): boolean {
    if (this.#nonce === null) {
      this.#isOverdue = false
      this.#nonce = randomBytes(NONCE_BYTES)
      this.socket.ping(this.#nonce)
      return true
    }
    if (this.#isOverdue) return false
    // Pongs that have arrived are processed before the next beat.
    this.#isOverdue = true
    return true
  }
}
