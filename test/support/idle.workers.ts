import type { WorkerTimings } from '../../src/app.workers.js'

const rarely = { pollMs: 3_600_000 }

/** Workers that send no statements of their own: they take no links and do not look for what is due. */
export const IDLE_WORKERS: WorkerTimings = {
  backfill: { parallel: 0 },
  outbox: rarely,
  purge: rarely,
  reembedding: rarely,
  vectorIndex: rarely,
  housekeeping: rarely,
}
