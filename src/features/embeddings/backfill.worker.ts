import type { Database } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { mintId } from '../../platform/ids.js'
import type { Logger } from '../../platform/log.js'
import { backoffMs } from '../../platform/workers/backoff.js'
import { finishUnderLease, LeaseLost } from '../../platform/workers/lease.js'
import { WorkerLoop } from '../../platform/workers/worker.loop.js'
import { WORK_TOPIC } from '../backfills/backfill.events.js'
import { type Embedder, EmbedderUnavailableError } from '../embedders/embedder.js'
import type { Embedders } from '../embedders/embedders.js'
import { ClaimRepository } from './claim.repository.js'
import { ClaimRun } from './claim.run.js'
import type { Claim } from './claim.sql.js'
import { EmbedderRestingError } from './embedder.rest.js'
import { EmbedderTurns } from './embedder.turns.js'

export interface BackfillWorkerOptions {
  /** milliseconds that a worker may be silent before another takes its thread; default 15,000 */
  leaseMs?: number
  /** milliseconds between two looks for work when nobody calls; default 1,000 */
  pollMs?: number
  /** threads worked on at once, more than the embedder takes calls, so that one's commit does not leave it idle; default 6 */
  parallel?: number
  /** milliseconds before the first try after an outage; doubles up to five minutes; default 1,000 */
  retryMs?: number
}

const MAX_RETRY_MS = 5 * 60_000
const MAX_ERROR_LENGTH = 500

/** The worker stops, and gives back what it could not finish. */
class WorkerStopped extends Error {}

/** The space holds vectors of another model; only another configuration mends that. */
class ModelMismatch extends Error {}

/**
 * Keeps stores from being behind: claims threads that have work under a lease, and works through several at once. It holds
 * nothing that is not in the database, so it may be killed at any moment.
 */
export class BackfillWorker {
  readonly #options: Required<BackfillWorkerOptions>
  readonly #claims: ClaimRepository
  readonly #loop: WorkerLoop
  readonly #turns = new EmbedderTurns()
  readonly #running = new Map<Promise<void>, AbortController>()
  #leave: () => void = () => undefined
  #isStopping = false

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly embedders: Embedders,
    private readonly logger: Logger,
    options: BackfillWorkerOptions = {},
  ) {
    this.#options = { leaseMs: 15_000, pollMs: 1_000, parallel: 6, retryMs: 1_000, ...options }
    this.#claims = new ClaimRepository(db, bus, this.#options.leaseMs)
    this.#loop = new WorkerLoop('embedding', () => this.#claim(), logger, this.#options.pollMs)
  }

  start(): void {
    this.#leave = this.bus.subscribe(WORK_TOPIC, () => this.#loop.call())
    this.#loop.start()
  }

  /** Ends the calls in flight and gives the claims back; what is committed stays. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#leave()
    for (const controller of this.#running.values()) controller.abort(new WorkerStopped())
    await this.#loop.stop()
    await Promise.all(this.#running.keys())
  }

  async #claim(): Promise<void> {
    const free = this.#options.parallel - this.#running.size
    if (free <= 0 || this.#isStopping) return
    const takenAt = performance.now()
    for (const claim of await this.#claims.take(mintId('lease'), free)) this.#take(claim, takenAt)
  }

  #take(claim: Claim, takenAt: number): void {
    const controller = new AbortController()
    if (this.#isStopping) controller.abort(new WorkerStopped())
    const run = this.#work(claim, takenAt, controller).finally(() => {
      this.#running.delete(run)
      this.#loop.call()
    })
    this.#running.set(run, controller)
  }

  /** Never fails: what cannot be written is left to the end of the lease. */
  async #work(claim: Claim, takenAt: number, controller: AbortController): Promise<void> {
    const lease = { durationMs: this.#options.leaseMs, takenAt, renew: () => this.#claims.renew(claim) }
    try {
      const embedder = this.#requireEmbedder(claim)
      const run = new ClaimRun(this.db, this.#claims, embedder, this.#turns, claim, controller.signal)
      await finishUnderLease(lease, controller, () => run.finish())
    } catch (error) {
      await this.#giveUp(claim, error).catch((failure: unknown) => {
        this.logger.error({ ...about(claim), err: failure }, 'thread not given back; its lease will end')
      })
    }
  }

  async #giveUp(claim: Claim, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) return
    if (error instanceof WorkerStopped) return this.#claims.release(claim)
    if (error instanceof EmbedderRestingError)
      return this.#claims.delay(claim, error.message, error.leftMs, 0)
    const { message, delayMs } = this.#judge(claim, error)
    this.logger.warn({ ...about(claim), err: error, delayMs }, 'embedding put off')
    await this.#claims.delay(claim, message, delayMs, 1)
  }

  #judge({ attempts }: Claim, error: unknown): { message: string; delayMs: number } {
    if (error instanceof ModelMismatch) return { message: error.message, delayMs: MAX_RETRY_MS }
    const delayMs = backoffMs(attempts + 1, { baseMs: this.#options.retryMs, maxMs: MAX_RETRY_MS })
    // What is not the embedder's own word may hold a path or a statement: it is logged, and told in other words.
    if (!(error instanceof EmbedderUnavailableError))
      return { message: 'Embedding failed; trying again.', delayMs }
    return {
      message: error.message.slice(0, MAX_ERROR_LENGTH),
      delayMs: Math.max(delayMs, error.retryAfterMs ?? 0),
    }
  }

  #requireEmbedder({ embeddingModel, embeddingDimensions }: Claim): Embedder {
    const model = { model: embeddingModel, dimensions: embeddingDimensions }
    const embedder = this.embedders.find(model)
    if (embedder) return embedder
    throw new ModelMismatch(this.embedders.describeMissing(model))
  }
}

function about({ spaceId, storeId, threadId }: Claim) {
  return { spaceId, storeId, threadId }
}
