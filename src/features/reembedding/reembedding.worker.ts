import type { Bus } from '../../platform/events/bus.js'
import type { Logger } from '../../platform/log.js'
import { WorkerLoop } from '../../platform/workers/worker.loop.js'
import { REEMBEDDING_TOPIC } from '../backfills/backfill.events.js'
import type { Finishable } from '../stores/reembedding.sql.js'
import type { ReembeddingSwitch } from './reembedding.switch.js'

export interface ReembeddingWorkerOptions {
  /** milliseconds between two looks when nobody calls; default 1,000 */
  pollMs?: number
}

/**
 * Looks for memories that are built, and has them take their places. What a crash leaves between the last vector and the
 * switch, the next look finds.
 */
export class ReembeddingWorker {
  readonly #loop: WorkerLoop
  #leave: () => void = () => undefined
  /** Until the next look by itself: a large memory that is almost whole is not measured for each of its threads. */
  #isPaused = false

  constructor(
    private readonly bus: Bus,
    private readonly switcher: ReembeddingSwitch,
    private readonly logger: Logger,
    { pollMs = 1_000 }: ReembeddingWorkerOptions = {},
  ) {
    this.#loop = new WorkerLoop('re-embedding', () => this.#look(), logger, pollMs)
  }

  start(): void {
    this.#leave = this.bus.subscribe(REEMBEDDING_TOPIC, () => {
      if (!this.#isPaused) this.#loop.call()
    })
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#leave()
    await this.#loop.stop()
  }

  async #look(): Promise<void> {
    this.#isPaused = false
    for (const finishable of await this.switcher.list()) await this.#finish(finishable)
  }

  /** One that fails holds no other up. */
  async #finish(finishable: Finishable): Promise<void> {
    try {
      if (!(await this.switcher.finish(finishable))) this.#isPaused = true
    } catch (error) {
      this.logger.error({ err: error, ...finishable }, 'a re-embedding could not be finished; trying again')
    }
  }
}
