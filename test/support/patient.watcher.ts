import { setTimeout as after } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Json } from './client.js'
import { documentOf } from './operations.js'

const RECONNECT_MS = 50

/** A client that waits for the end of one piece of work, and connects again for as long as its server is away. */
export class PatientWatcher {
  /** every state that it was told, over all of its connections, with the number of the connection */
  readonly states: Json[] = []
  connections = 0
  isDone = false
  readonly done: Promise<void>
  readonly #client: Client

  constructor(
    url: string,
    headers: Record<string, string>,
    /** a subscription with one field */
    nameOrDocument: string,
    variables: Record<string, unknown>,
  ) {
    this.#client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: headers,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => after(RECONNECT_MS),
      shouldRetry: () => true,
      on: { connected: () => void this.connections++ },
    })
    this.done = this.#watch({ query: documentOf(nameOrDocument), variables })
  }

  async #watch(payload: { query: string; variables: Record<string, unknown> }): Promise<void> {
    for await (const { data, errors } of this.#client.iterate<Json>(payload)) {
      if (errors) throw new Error(`The work cannot be watched: ${JSON.stringify(errors)}`)
      const [state] = Object.values<Json>(data)
      this.states.push({ ...state, connection: this.connections })
    }
    this.isDone = true
    await this.#client.dispose()
  }
}
