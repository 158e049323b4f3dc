import { fileURLToPath } from 'node:url'
import { TestProcess } from '../support/child.process.js'

const ENTRY = fileURLToPath(new URL('../support/crash.process.mjs', import.meta.url))

// Tries come after one another only when something is away, and that is back soon.
const MOST_TRIES = 20

/** One node as a process of its own, which is killed, frozen and started again at the same address. */
export class ChaosNode {
  /** what it said when it ended, and nobody had killed it */
  readonly deaths: string[] = []
  #process: TestProcess | null = null
  #isKilled = false

  constructor(
    readonly url: string,
    private readonly directory: string,
    private readonly environment: Record<string, string>,
  ) {}

  /** Tries until it has started: what it needs may be away just then, and it ends with an explanation. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const started = new TestProcess(ENTRY, { directory: this.directory, environment: this.environment })
      this.#process = started
      this.#isKilled = false
      const isReady = await started.firstLine().then(
        () => true,
        () => false,
      )
      if (!isReady && tries < MOST_TRIES) continue
      if (!isReady) throw new Error(`${this.url} does not start: ${started.errors}`)
      void started.exit.then(({ code, signal }) => {
        if (this.#process !== started || this.#isKilled) return
        this.deaths.push(`${this.url} ended with ${signal ?? code}: ${started.errors.slice(-2_000)}`)
      })
      return
    }
  }

  async kill(): Promise<void> {
    this.#isKilled = true
    await this.#process?.kill('SIGKILL')
  }

  freeze(): void {
    this.#signal('SIGSTOP')
  }

  thaw(): void {
    this.#signal('SIGCONT')
  }

  async hasEnded(): Promise<boolean> {
    if (!this.#process) return true
    const still = new Promise<false>((resolve) => setImmediate(() => resolve(false)))
    return Promise.race([this.#process.exit.then(() => true), still])
  }

  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(signal)
  }
}
