/**
 * Takes a step again and again: whenever it is called, and every `pollMs` when nobody calls. A call that comes during a
 * step is not lost: one more step follows. The step must not fail.
 */
export class WorkerLoop {
  #run: Promise<void> | null = null
  #wake: () => void = () => undefined
  #isCalled = false
  #isStopped = false

  constructor(
    private readonly step: () => Promise<void>,
    private readonly pollMs: number,
  ) {}

  start(): void {
    this.#run ??= this.#repeat()
  }

  call(): void {
    this.#isCalled = true
    this.#wake()
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
      await this.step()
      if (!this.#isCalled && !this.#isStopped) await this.#sleep()
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.pollMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
