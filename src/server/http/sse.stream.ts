import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'

const PING_MS = 12_000
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // Tells proxies not to buffer events.
  'x-accel-buffering': 'no',
}

/** Writes events to one client, no faster than it reads. Source: the distinct connections mode of graphql-sse. */
export class SseStream {
  readonly #ping: NodeJS.Timeout

  constructor(
    private readonly response: ServerResponse,
    private readonly writeTimeoutMs: number,
  ) {
    response.writeHead(200, HEADERS)
    // Some browsers wait for the first bytes.
    response.write(':\n\n')
    this.#ping = setInterval(() => this.#sendPing(), PING_MS)
    response.once('close', () => clearInterval(this.#ping))
  }

  /** False if the client has disconnected, or has not read for too long. */
  async next(reply: FormattedExecutionResult): Promise<boolean> {
    return this.#write(`event: next\ndata: ${JSON.stringify(reply)}\n\n`)
  }

  complete(): void {
    clearInterval(this.#ping)
    if (!this.response.destroyed) this.response.end('event: complete\ndata:\n\n')
  }

  /** Ends without `complete`, so that the client reconnects, to another node. */
  abandon(): void {
    this.response.destroy()
  }

  async #write(text: string): Promise<boolean> {
    if (this.response.destroyed) return false
    if (this.response.write(text)) return true
    const timer = setTimeout(() => this.response.destroy(), this.writeTimeoutMs)
    // A disconnected client never emits drain.
    await Promise.race([once(this.response, 'drain'), once(this.response, 'close')]).catch(() => undefined)
    clearTimeout(timer)
    return !this.response.destroyed
  }

  // No ping is needed while an event is waiting to be read.
  #sendPing(): void {
    if (!this.response.writableNeedDrain) this.response.write(':\n\n')
  }
}
