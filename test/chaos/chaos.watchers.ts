import { setTimeout as after } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { PROGRESS } from '../features/purge/purge.fixture.js'
import type { Json } from '../support/client.js'
import type { Random } from '../support/crash.random.js'
import { eventually } from '../support/eventually.js'
import { documentOf } from '../support/operations.js'
import { chosen } from './chaos.options.js'
import type { ChaosSender } from './chaos.sender.js'

const ENDS = new Set(['COMPLETED', 'FAILED', 'CANCELED'])
const AGAIN_MS = 100
// A backfill goes with its thread.
const GONE = 'RESOURCE_NOT_FOUND'
const TRANSIENT = new Set(['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE', 'RATE_LIMITED'])

interface Watched {
  what: string
  /** null until it has come */
  end: string | null
}

/** Those who wait for the end of some work, over whichever node lives; each must learn it. */
export class ChaosWatchers {
  readonly #watched: Watched[] = []
  readonly #clients = new Map<ChaosSender, Client>()

  constructor(private readonly random: Random) {}

  get count(): number {
    return this.#watched.length
  }

  watchBackfill(sender: ChaosSender, backfillId: string): void {
    this.#watch(sender, `backfill ${backfillId}`, documentOf('BackfillProgress'), { backfillId })
  }

  watchDeletion(sender: ChaosSender, batchId: string): void {
    this.#watch(sender, `deletion ${batchId}`, PROGRESS, { batchId })
  }

  /** Called when nothing is left to do. */
  async expectEnds(): Promise<void> {
    await eventually(() => {
      expect(this.#watched.filter(({ end }) => end === null).map(({ what }) => what)).toEqual([])
    })
    expect(this.#watched.filter(({ end }) => !ENDS.has(String(end)) && end !== GONE)).toEqual([])
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.dispose()
  }

  #watch(sender: ChaosSender, what: string, query: string, variables: Record<string, unknown>): void {
    const watched: Watched = { what, end: null }
    this.#watched.push(watched)
    void this.#follow(watched, this.#clientOf(sender), { query, variables })
  }

  async #follow(
    watched: Watched,
    client: Client,
    payload: { query: string; variables: Record<string, unknown> },
  ): Promise<void> {
    while (watched.end === null) {
      try {
        for await (const { data, errors } of client.iterate<Json>(payload)) {
          watched.end = endOf(errors) ?? endOf(Object.values<Json>(data ?? {})[0]?.status)
        }
      } catch (error) {
        // A subscription that is refused throws its errors; one that loses its socket, the event of that.
        watched.end = endOf(error)
      }
      if (watched.end === null) await after(AGAIN_MS)
    }
  }

  #clientOf(sender: ChaosSender): Client {
    const known = this.#clients.get(sender)
    if (known) return known
    const client = createClient({
      url: () => chosen(sender.urls, this.random).replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: sender.headers,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => after(AGAIN_MS),
      shouldRetry: () => true,
    })
    this.#clients.set(sender, client)
    return client
  }
}

/** null: there is more to come, or it was not said and is asked for again. */
function endOf(said: unknown): string | null {
  if (typeof said === 'string') return ENDS.has(said) ? said : null
  const code = Array.isArray(said) ? String(said[0]?.extensions?.code) : null
  return code === null || TRANSIENT.has(code) ? null : code
}
