import { setTimeout as after } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Json } from './client.js'
import { documentOf } from './operations.js'

const RECONNECT_MS = 50

/** A client that waits for the end of one backfill, and connects again for as long as its server is away. */
export class PatientWatcher {
  /** every state that it was told, over all of its connections */
  readonly states: Json[] = []
  connections = 0
  isDone = false
  readonly done: Promise<void>
  readonly #client: Client

  constructor(url: string, headers: Record<string, string>, backfillId: string) {
    this.#client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: headers,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => after(RECONNECT_MS),
      shouldRetry: () => true,
      on: { connected: () => void this.connections++ },
    })
    this.done = this.#watch(backfillId)
  }

  async #watch(backfillId: string): Promise<void> {
    const query = documentOf('BackfillProgress')
    for await (const reply of this.#client.iterate<Json>({ query, variables: { backfillId } })) {
      if (reply.errors) throw new Error(`The backfill cannot be watched: ${JSON.stringify(reply.errors)}`)
      this.states.push(reply.data.backfillProgress)
    }
    this.isDone = true
    await this.#client.dispose()
  }
}
