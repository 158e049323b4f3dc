import type { Logger } from '../log.js'
import { backoffMs } from './backoff.js'

// Long enough not to overload a recovering service, short enough to resume soon after an outage.
const AFTER_FAILURE = { baseMs: 200, maxMs: 5_000 }

/**
 * Runs a step repeatedly: on request, and every `pollMs` otherwise. A request during a step causes one more step. A step
 * that fails is logged and repeated after an increasing delay.
 */
export class WorkerLoop {
  #run: Promise<void> | null = null
  #wake: () => void = () => undefined
  #isCalled = false
  #isStopped = false
  #failures = 0

  constructor(
    /** for the log */
    private readonly name: string,
    private readonly step: () => Promise<void>,
    private readonly logger: Logger,
    private readonly pollMs: number,
  ) {}

  start(): void {
    this.#run ??= this.#repeat()
  }

  call(): void {
    this.#isCalled = true
    if (this.#failures === 0) this.#wake()
  }

  /** Resolves when the last step has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#run
  }

  async #repeat(): Promise<void> {
    while (!this.#isStopped) {
      this.#isCalled = false
      const waitMs = await this.#take()
      if (!this.#isStopped && waitMs > 0) await this.#sleep(waitMs)
    }
  }

  /** @returns milliseconds to wait before the next step */
  async #take(): Promise<number> {
    try {
      await this.step()
      this.#failures = 0
      return this.#isCalled ? 0 : this.pollMs
    } catch (error) {
      this.#failures += 1
      const delayMs = backoffMs(this.#failures, AFTER_FAILURE)
      const entry = { err: error, worker: this.name, delayMs }
      // Stopping aborts the step, which may then fail.
      if (this.#isStopped) this.logger.debug(entry, 'a worker was stopped during a step')
      else this.logger.error(entry, 'a step of a worker failed; retrying')
      return delayMs
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
