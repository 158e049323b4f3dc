import type { Logger } from './log.js'
import { WorkerLoop } from './worker.loop.js'

/** Puts a bounded part of what nobody needs any more out of the way. @returns whether more may be left */
export type Chore = () => Promise<boolean>

export interface HousekeepingOptions {
  /** milliseconds between two rounds; default 300,000 */
  pollMs?: number
}

const POLL_MS = 300_000

/** Removes what has expired, at the start and then every few minutes. Any number of nodes may do so at once. */
export class HousekeepingWorker {
  readonly #loop: WorkerLoop
  #isStopping = false

  constructor(
    private readonly logger: Logger,
    /** by what they remove, for the log */
    private readonly chores: Readonly<Record<string, Chore>>,
    { pollMs = POLL_MS }: HousekeepingOptions = {},
  ) {
    this.#loop = new WorkerLoop('housekeeping', () => this.#round(), logger, pollMs)
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
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
