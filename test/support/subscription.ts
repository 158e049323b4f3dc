import type { Client } from 'graphql-ws'
import type { Json, Reply } from './client.js'
import { PATIENCE_MS } from './eventually.js'

/** How a subscription ended: by itself, or because its socket closed. */
export type End = { kind: 'completed' } | { kind: 'closed'; code: number; reason: string }

/** An operation that runs over a WebSocket. Every reply is kept until the test asks for it. */
export class TestSubscription implements AsyncIterable<Reply> {
  readonly #replies: Reply[] = []
  readonly #leave: () => void
  #end: End | null = null
  #wake: () => void = () => undefined

  constructor(
    client: Client,
    query: string,
    variables: Record<string, unknown>,
    private readonly whenStopped: () => Promise<void> = async () => undefined,
  ) {
    this.#leave = client.subscribe(
      { query, variables },
      {
        next: (reply) => this.#add(reply),
        error: (error) => this.#fail(error),
        complete: () => this.#finish({ kind: 'completed' }),
      },
    )
  }

  /** The next reply; null once there are no more. Fails when nothing comes for long. */
  async next(): Promise<Reply | null> {
    await this.#until(() => this.#replies.length > 0 || this.#end !== null)
    return this.#replies.shift() ?? null
  }

  async end(): Promise<End> {
    await this.#until(() => this.#end !== null)
    return this.#end as End
  }

  /** What is left of the replies, once there are no more to come. */
  async rest(): Promise<Reply[]> {
    await this.end()
    return this.#replies.splice(0)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Reply> {
    for (let reply = await this.next(); reply !== null; reply = await this.next()) yield reply
  }

  /** Leaves as a client does that has seen enough. */
  async stop(): Promise<void> {
    this.#leave()
    await this.whenStopped()
  }

  #add(reply: unknown): void {
    this.#replies.push({ ...(reply as Json), status: null, headers: new Headers() })
    this.#wake()
  }

  // An `error` message is a list of errors; a socket that closed, its event.
  #fail(error: unknown): void {
    if (Array.isArray(error)) {
      this.#add({ errors: error })
      this.#finish({ kind: 'completed' })
    } else {
      const { code = 0, reason = String(error) } = error as { code?: number; reason?: string }
      this.#finish({ kind: 'closed', code, reason })
    }
  }

  #finish(end: End): void {
    this.#end = end
    this.#wake()
  }

  async #until(isReady: () => boolean): Promise<void> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#wake()
    }, PATIENCE_MS)
    try {
      while (!isReady()) {
        if (isLate) throw new Error(`Nothing came for ${PATIENCE_MS} ms.`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }
}
