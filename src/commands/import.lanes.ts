/** Runs a limited number of tasks concurrently; the first failure stops it and is thrown to the caller. */
export class Lanes {
  readonly #running = new Set<Promise<void>>()
  readonly #failures: unknown[] = []

  constructor(readonly limit: number) {}

  /** Starts `work` as soon as a lane is free. */
  async run(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.limit) await Promise.race(this.#running)
    this.#throwFailure()
    const running: Promise<void> = work()
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Waits until every lane is free, and throws if one of them failed. */
  async drain(): Promise<void> {
    await this.idle()
    this.#throwFailure()
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running)
  }

  #throwFailure(): void {
    if (this.#failures.length > 0) throw this.#failures[0]
  }
}
