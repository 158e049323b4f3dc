import type { Bus } from '../events/bus.js'
import type { Logger } from '../log.js'
import { WorkerLoop } from './worker.loop.js'

/** Removes a bounded number of expired records. @returns whether more may be left */
export type Chore = () => Promise<boolean>

export interface HousekeepingOptions {
  /** milliseconds between two rounds; default 300,000 */
  pollMs?: number
}

/** The bus topic that requests an immediate round. */
export interface Call {
  bus: Bus
  topic: string
}

const POLL_MS = 300_000

/** Removes what has expired: at start, every few minutes, and on request. Safe to run on any number of nodes at once. */
export class HousekeepingWorker {
  readonly #loop: WorkerLoop
  #leave: () => void = () => undefined
  #isStopping = false

  constructor(
    private readonly logger: Logger,
    /** keyed by what they remove, for the log */
    private readonly chores: Readonly<Record<string, Chore>>,
    { pollMs = POLL_MS }: HousekeepingOptions = {},
    private readonly call: Call | null = null,
  ) {
    this.#loop = new WorkerLoop('housekeeping', () => this.#round(), logger, pollMs)
  }

  start(): void {
    if (this.call) this.#leave = this.call.bus.subscribe(this.call.topic, () => this.#loop.call())
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#leave()
    await this.#loop.stop()
  }

  async #round(): Promise<void> {
    for (const [name, chore] of Object.entries(this.chores)) await this.#finish(name, chore)
  }

  async #finish(name: string, chore: Chore): Promise<void> {
    try {
      let isMore = true
      while (isMore && !this.#isStopping) isMore = await chore()
    } catch (error) {
      this.logger.error({ err: error, chore: name }, 'housekeeping failed; trying again in the next round')
    }
  }
}
