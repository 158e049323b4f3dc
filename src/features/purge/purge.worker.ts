import { backoffMs } from '../../platform/backoff.js'
import type { Bus } from '../../platform/bus.js'
import type { Database } from '../../platform/database.js'
import { mintId } from '../../platform/ids.js'
import { finishUnderLease, LeaseLost } from '../../platform/lease.js'
import type { Logger } from '../../platform/log.js'
import { WorkerLoop } from '../../platform/worker.loop.js'
import {
  type ClaimedBatch,
  claimBatch,
  type DeletionBatchRecord,
  delayBatch,
  releaseBatch,
  releaseDue,
  renewBatch,
} from './deletion.batch.sql.js'
import { announceDeletions, PURGE_TOPIC } from './deletion.events.js'
import { PurgeRun } from './purge.run.js'
import type { PurgeService } from './purge.service.js'

export interface PurgeWorkerOptions {
  /** milliseconds that a worker may be silent before another takes its deletion; default 15,000 */
  leaseMs?: number
  /** milliseconds between two looks for what is due when nobody calls; default 1,000 */
  pollMs?: number
  /** milliseconds before the first try after a failure; doubles up to ten minutes; default 1,000 */
  retryMs?: number
  /** milliseconds that a store stays after its last space has left it: longer than a search takes; default 60,000 */
  dropAfterMs?: number
}

const MAX_RETRY_MS = 600_000

class WorkerStopped extends Error {}

/**
 * Purges what is to go: permanent deletions that are too long for one transaction, soft ones whose time is over, and stores
 * that no space uses any more.
 * One deletion at a time, in a lease; whatever happens to the process, the next one goes on where it stood.
 */
export class PurgeWorker {
  readonly #options: Required<PurgeWorkerOptions>
  readonly #loop: WorkerLoop
  #leave: () => void = () => undefined
  #current: AbortController | null = null
  #isStopping = false

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly purges: PurgeService,
    private readonly logger: Logger,
    options: PurgeWorkerOptions = {},
  ) {
    this.#options = { leaseMs: 15_000, pollMs: 1_000, retryMs: 1_000, dropAfterMs: 60_000, ...options }
    this.#loop = new WorkerLoop('purge', () => this.#purgeDue(), logger, this.#options.pollMs)
  }

  start(): void {
    this.#leave = this.bus.subscribe(PURGE_TOPIC, () => this.#loop.call())
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#leave()
    this.#current?.abort(new WorkerStopped())
    await this.#loop.stop()
  }

  async #purgeDue(): Promise<void> {
    await this.db.query(releaseDue())
    for (;;) {
      const takenAt = performance.now()
      const [batch] = await this.db.query<ClaimedBatch>(claimBatch(mintId('lease'), this.#options.leaseMs))
      if (!batch) return await this.#dropStores()
      await this.#work(batch, takenAt)
      if (this.#isStopping) return
    }
  }

  async #dropStores(): Promise<void> {
    const { dropAfterMs } = this.#options
    let isMore = true
    while (isMore && !this.#isStopping) {
      isMore = await this.db.transaction((tx) => this.purges.dropStore(tx, dropAfterMs))
    }
  }

  /** Never fails: what cannot be written is left to the end of the lease. */
  async #work(batch: ClaimedBatch, takenAt: number): Promise<void> {
    const { leaseMs } = this.#options
    const controller = new AbortController()
    this.#current = controller
    if (this.#isStopping) controller.abort(new WorkerStopped())
    const run = new PurgeRun(this.db, this.bus, this.purges, batch, leaseMs, controller.signal)
    const renew = async () => (await this.db.query(renewBatch(batch, leaseMs))).length > 0
    try {
      await finishUnderLease({ durationMs: leaseMs, takenAt, renew }, controller, () => run.finish())
    } catch (error) {
      await this.#giveUp(batch, error).catch((failure: unknown) => {
        this.logger.error({ err: failure, batchId: batch.id }, 'deletion not given back; its lease will end')
      })
    } finally {
      this.#current = null
    }
  }

  async #giveUp(batch: ClaimedBatch, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) return
    if (error instanceof WorkerStopped) {
      await this.db.query(releaseBatch(batch))
      return
    }
    const delayMs = backoffMs(batch.attempts + 1, { baseMs: this.#options.retryMs, maxMs: MAX_RETRY_MS })
    this.logger.warn({ err: error, batchId: batch.id, delayMs }, 'purge put off')
    await this.db.transaction(async (tx) => {
      const rows = await tx.query<DeletionBatchRecord>(
        delayBatch(batch, 'The purge failed; trying again.', delayMs),
      )
      announceDeletions(tx, this.bus, rows)
    })
  }
}
