import type { Bus } from '../events/bus.js'
import { mintId } from '../ids.js'
import type { Logger } from '../log.js'
import { settledWithin } from '../time.limit.js'
import { finishUnderLease, LeaseLost } from './lease.js'
import { WorkerLoop } from './worker.loop.js'

/** Work in the form of rows with a lease; `Claim` is such a row, leased by this worker. */
export interface LeasedWork<Claim> {
  /** for the log */
  readonly name: string
  /** bus topic that requests a step when work is added */
  readonly topic: string
  /** Takes at most `limit` due rows under this lease, for the `leaseMs` of the worker. */
  claim(leaseId: string, limit: number): Promise<readonly Claim[]>
  /** False once the lease is another's. */
  renew(claim: Claim): Promise<boolean>
  /** Ends soon after the signal is aborted. What it throws reaches `fail`, unless the lease is lost or the worker stops. */
  run(claim: Claim, signal: AbortSignal): Promise<void>
  /** Gives back, as it was, what the stop of the worker interrupted. */
  release(claim: Claim): Promise<unknown>
  /** Records a failed run, and when the next one may be. */
  fail(claim: Claim, error: unknown): Promise<unknown>
  /** ids for the log */
  describe(claim: Claim): object
  /** Called while nothing is due and nothing under way. @returns whether it has more to do */
  rest?(): Promise<boolean>
}

export interface LeasedWorkerOptions {
  /** milliseconds that a worker may be silent before another takes its rows */
  leaseMs: number
  /** milliseconds between two looks for work when nobody calls */
  pollMs: number
  /** rows worked on at once */
  parallel: number
  /** milliseconds that `stop` waits for what is under way */
  graceMs: number
}

/** The worker stops, and gives back what it could not finish. */
export class WorkerStopped extends Error {
  override readonly name = 'WorkerStopped'

  constructor() {
    super('The worker stops.')
  }
}

/**
 * Claims due rows and runs several at once, each under a lease that is renewed beside it. It holds nothing that is not
 * in the database, so it may be killed at any moment.
 */
export class LeasedWorker<Claim> {
  readonly #loop: WorkerLoop
  readonly #runs = new Map<Promise<void>, AbortController>()
  #leave: (() => void) | null = null
  #isStopping = false
  #isGraceOver = false

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
    private readonly work: LeasedWork<Claim>,
    private readonly options: LeasedWorkerOptions,
  ) {
    this.#loop = new WorkerLoop(work.name, () => this.#look(), logger, options.pollMs)
  }

  start(): void {
    this.#leave ??= this.bus.subscribe(this.work.topic, () => this.#loop.call())
    this.#loop.start()
  }

  /** Claims nothing more, lets runs finish for a while, then ends them and gives back what they did not finish. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#leave?.()
    const ended = this.#loop.stop().then(() => Promise.all(this.#runs.keys()))
    await settledWithin(this.options.graceMs, ended)
    this.#isGraceOver = true
    for (const controller of this.#runs.values()) controller.abort(new WorkerStopped())
    await ended
  }

  async #look(): Promise<void> {
    const free = this.options.parallel - this.#runs.size
    if (free <= 0 || this.#isStopping) return
    const takenAt = performance.now()
    const claims = await this.work.claim(mintId('lease'), free)
    for (const claim of claims) this.#take(claim, takenAt)
    if (this.#runs.size === 0) await this.#rest()
  }

  async #rest(): Promise<void> {
    let isMore = this.work.rest !== undefined
    while (isMore && !this.#isStopping) isMore = (await this.work.rest?.()) ?? false
  }

  #take(claim: Claim, takenAt: number): void {
    const controller = new AbortController()
    if (this.#isGraceOver) controller.abort(new WorkerStopped())
    const run = this.#run(claim, takenAt, controller).finally(() => {
      this.#runs.delete(run)
      this.#loop.call()
    })
    this.#runs.set(run, controller)
  }

  /** Never fails: what cannot be written is left to the end of the lease. */
  async #run(claim: Claim, takenAt: number, controller: AbortController): Promise<void> {
    const { work } = this
    const lease = { durationMs: this.options.leaseMs, takenAt, renew: () => work.renew(claim) }
    try {
      await finishUnderLease(lease, controller, () => work.run(claim, controller.signal))
    } catch (error) {
      await this.#giveUp(claim, error).catch((failure: unknown) => {
        this.logger.error({ ...this.#about(claim), err: failure }, 'not given back; its lease will end')
      })
    }
  }

  async #giveUp(claim: Claim, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) this.logger.info(this.#about(claim), 'the lease was lost')
    else if (error instanceof WorkerStopped) await this.work.release(claim)
    else await this.work.fail(claim, error)
  }

  #about(claim: Claim) {
    return { worker: this.work.name, ...this.work.describe(claim) }
  }
}
