import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { TestClient } from '../support/client.js'

export interface Waits {
  /** milliseconds */
  median: number
  /** milliseconds */
  longest: number
  asked: number
  /** since the start */
  failures: number
}

/** Somebody who is not the attacker, and wants to be served meanwhile. */
export class Victim implements AsyncDisposable {
  readonly #worker: Worker

  constructor({ url, headers }: TestClient) {
    this.#worker = new Worker(new URL('./victim.worker.mjs', import.meta.url), {
      workerData: { url, headers },
    })
  }

  /** From now on its waits count. */
  begin(): Promise<Waits> {
    return this.#ask('begin')
  }

  /** How long it has waited since. */
  waits(): Promise<Waits> {
    return this.#ask('waits')
  }

  async #ask(what: 'begin' | 'waits'): Promise<Waits> {
    this.#worker.postMessage(what)
    const [waits] = await once(this.#worker, 'message')
    return waits
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
