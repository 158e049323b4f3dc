import type { Database } from '../../../platform/database/database.js'
import type { Bus } from '../../../platform/events/bus.js'
import type { Logger } from '../../../platform/log.js'
import { backoffMs } from '../../../platform/workers/backoff.js'
import { type LeasedWork, LeasedWorker } from '../../../platform/workers/leased.worker.js'
import type { LinkRemoval } from '../../stores/link.removal.js'
import { PURGE_TOPIC } from '../../stores/purge.events.js'
import {
  type ClaimedBatch,
  claimBatch,
  delayBatch,
  releaseBatch,
  releaseDue,
  renewBatch,
} from './deletion.batch.sql.js'
import { announceDeletions } from './deletion.events.js'
import { PurgeRun } from './purge.run.js'
import type { PurgeService } from './purge.service.js'

export interface PurgeWorkerOptions {
  /** milliseconds that a worker may be silent before another takes its deletion; default 15,000 */
  leaseMs?: number
  /** milliseconds between two looks for what is due when nobody calls; default 1,000 */
  pollMs?: number
  /** milliseconds before the first try after a failure; doubles up to ten minutes; default 1,000 */
  retryMs?: number
  /** milliseconds that the vectors of a retired store stay: longer than a search takes; default 60,000 */
  dropAfterMs?: number
}

const DEFAULTS = { leaseMs: 15_000, pollMs: 1_000, retryMs: 1_000, dropAfterMs: 60_000 }
const MAX_RETRY_MS = 600_000

/** One deletion at a time: whatever happens to the process, the next one goes on where it stood. */
export function createPurgeWorker(
  db: Database,
  bus: Bus,
  purges: PurgeService,
  removal: LinkRemoval,
  logger: Logger,
  options: PurgeWorkerOptions = {},
): LeasedWorker<ClaimedBatch> {
  const all = { ...DEFAULTS, ...options }
  const work = new PurgeWork(db, bus, purges, removal, logger, all)
  return new LeasedWorker(bus, logger, work, { ...all, parallel: 1, graceMs: 0 })
}

/**
 * Purges what is to go: permanent deletions that are too long for one transaction, soft ones whose time is over, and,
 * once there are none, vectors of long threads that left a space, and retired stores.
 */
class PurgeWork implements LeasedWork<ClaimedBatch> {
  readonly name = 'purge'
  readonly topic = PURGE_TOPIC

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly purges: PurgeService,
    private readonly removal: LinkRemoval,
    private readonly logger: Logger,
    private readonly options: Required<PurgeWorkerOptions>,
  ) {}

  async claim(leaseId: string): Promise<ClaimedBatch[]> {
    await this.db.query(releaseDue())
    return this.db.query(claimBatch(leaseId, this.options.leaseMs))
  }

  async renew(batch: ClaimedBatch): Promise<boolean> {
    return (await this.db.query(renewBatch(batch, this.options.leaseMs))).length > 0
  }

  run(batch: ClaimedBatch, signal: AbortSignal): Promise<void> {
    return new PurgeRun(this.db, this.bus, this.purges, batch, this.options.leaseMs, signal).finish()
  }

  release(batch: ClaimedBatch): Promise<unknown> {
    return this.db.query(releaseBatch(batch))
  }

  async fail(batch: ClaimedBatch, error: unknown): Promise<void> {
    const delayMs = backoffMs(batch.attempts + 1, { baseMs: this.options.retryMs, maxMs: MAX_RETRY_MS })
    this.logger.warn({ err: error, ...this.describe(batch), delayMs }, 'purge put off')
    await this.db.transaction(async (tx) => {
      const rows = await tx.query(delayBatch(batch, 'The purge failed; trying again.', delayMs))
      announceDeletions(tx, this.bus, rows)
    })
  }

  describe({ id }: ClaimedBatch) {
    return { batchId: id }
  }

  rest(): Promise<boolean> {
    return this.db.transaction(
      async (tx) =>
        (await this.removal.dropLeaving(tx)) || this.removal.dropStore(tx, this.options.dropAfterMs),
    )
  }
}
