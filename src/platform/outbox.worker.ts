import type { Bus } from './bus.js'
import type { Database } from './database.js'
import { mintId } from './ids.js'
import type { Logger } from './log.js'
import { OUTBOX_TOPIC } from './outbox.js'
import { type EffectHandlers, EffectRunner, type RunOptions, WorkerStopped } from './outbox.runner.js'
import { type ClaimedEffect, claimEffects } from './outbox.sql.js'
import { WorkerLoop } from './worker.loop.js'

export interface OutboxOptions extends RunOptions {
  /** milliseconds between two looks for effects when nobody calls */
  pollMs: number
  /** milliseconds that `stop` waits for what is under way */
  graceMs: number
  /** effects carried out at once */
  parallel: number
}

const DEFAULTS: OutboxOptions = {
  leaseMs: 15_000,
  timeoutMs: 30_000,
  maxAttempts: 8,
  // Seven waits lie between eight tries: only when each is three times the one before do they reach the ten minutes.
  backoff: { baseMs: 1_000, maxMs: 600_000, factor: 3 },
  pollMs: 1_000,
  graceMs: 5_000,
  parallel: 4,
}

/**
 * Carries out what stands in the outbox, several effects at once, each under a lease, and each again until it is done
 * or parked. It holds nothing that is not in the database, so it may be killed at any moment.
 */
export class OutboxWorker {
  readonly #options: OutboxOptions
  readonly #kinds: string[]
  readonly #runner: EffectRunner
  readonly #loop: WorkerLoop
  readonly #runs = new Map<Promise<void>, AbortController>()
  #leave: (() => void) | null = null

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    logger: Logger,
    handlers: EffectHandlers,
    options: Partial<OutboxOptions> = {},
  ) {
    this.#options = { ...DEFAULTS, ...options }
    this.#kinds = Object.keys(handlers)
    this.#runner = new EffectRunner(db, logger, handlers, this.#options)
    this.#loop = new WorkerLoop('outbox', () => this.#takeDue(), logger, this.#options.pollMs)
  }

  start(): void {
    this.#leave ??= this.bus.subscribe(OUTBOX_TOPIC, () => this.#loop.call())
    this.#loop.start()
  }

  /** Lets what is under way finish for a while, then ends it and gives it back. */
  async stop(): Promise<void> {
    this.#leave?.()
    await this.#loop.stop()
    await endedWithin(this.#options.graceMs, [...this.#runs.keys()])
    for (const controller of this.#runs.values()) controller.abort(new WorkerStopped())
    await Promise.all(this.#runs.keys())
  }

  async #takeDue(): Promise<void> {
    const free = this.#options.parallel - this.#runs.size
    if (free <= 0 || this.#kinds.length === 0) return
    const takenAt = performance.now()
    const effects = await this.db.query<ClaimedEffect>(
      claimEffects(mintId('lease'), this.#options.leaseMs, this.#kinds, free),
    )
    for (const effect of effects) this.#take(effect, takenAt)
  }

  #take(effect: ClaimedEffect, takenAt: number): void {
    const controller = new AbortController()
    const run = this.#runner.run(effect, takenAt, controller).finally(() => {
      const wasFull = this.#runs.size >= this.#options.parallel
      this.#runs.delete(run)
      // More may be due than could be taken.
      if (wasFull) this.#loop.call()
    })
    this.#runs.set(run, controller)
  }
}

async function endedWithin(milliseconds: number, runs: readonly Promise<void>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([Promise.all(runs), grace])
  clearTimeout(timer)
}
