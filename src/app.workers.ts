import type { Foundations, Services } from './app.services.js'
import { removeExpiredEvents } from './features/audit/audit.retention.js'
import { BackfillRetention } from './features/backfills/backfill.retention.js'
import { BACKUP_REMOVAL, backupRemoval } from './features/deletion/backup/backup.removal.js'
import { removeEndedDeletions, removeExpiredConfirmations } from './features/deletion/deletion.retention.js'
import { DELISTING_TOPIC, Delisting } from './features/deletion/delisting.js'
import { createPurgeWorker, type PurgeWorkerOptions } from './features/deletion/purge/purge.worker.js'
import { BackfillWorker, type BackfillWorkerOptions } from './features/embeddings/backfill.worker.js'
import { type HnswOptions, HnswWorker } from './features/embeddings/hnsw.worker.js'
import { SANDBOX_DELETION, SandboxClient, sandboxDeletion } from './features/projects/sandbox.service.js'
import {
  ReembeddingWorker,
  type ReembeddingWorkerOptions,
} from './features/reembedding/reembedding.worker.js'
import { removeDeletedSpaces, removeEndedReembeddings } from './features/spaces/space.retention.js'
import type { Database } from './platform/database/database.js'
import { removeExpiredKeys } from './platform/idempotency/idempotency.js'
import type { Logger } from './platform/log.js'
import {
  createOutboxWorker,
  type EffectHandlers,
  type OutboxOptions,
} from './platform/outbox/outbox.worker.js'
import {
  type Chore,
  type HousekeepingOptions,
  HousekeepingWorker,
} from './platform/workers/housekeeping.worker.js'

export interface WorkerTimings {
  backfill?: BackfillWorkerOptions
  housekeeping?: HousekeepingOptions
  outbox?: Partial<OutboxOptions>
  purge?: PurgeWorkerOptions
  reembedding?: ReembeddingWorkerOptions
  vectorIndex?: Pick<HnswOptions, 'pollMs'>
}

export interface Worker {
  start(): void
  stop(): Promise<void>
}

/** Background work of a process: embedding, purging, effects outside the database, and cleaning up. */
export function createWorkers(
  foundations: Foundations,
  services: Services,
  logger: Logger,
  timings: WorkerTimings,
): Worker[] {
  const { config, db, bus, embedders } = foundations
  const { purges, removal, backupStore, reembeddingSwitch } = services
  const handlers: EffectHandlers = {
    [BACKUP_REMOVAL]: backupRemoval(backupStore),
    ...(config.sandbox && {
      [SANDBOX_DELETION]: sandboxDeletion(new SandboxClient(config.sandbox.url, config.sandbox.apiKey)),
    }),
  }
  return [
    new BackfillWorker(db, bus, embedders, logger, timings.backfill),
    new ReembeddingWorker(bus, reembeddingSwitch, logger, timings.reembedding),
    createPurgeWorker(db, bus, purges, removal, logger, timings.purge),
    createOutboxWorker(db, bus, logger, handlers, timings.outbox),
    new HousekeepingWorker(logger, choresOf(foundations, services), timings.housekeeping),
    new HousekeepingWorker(logger, delistingOf(db), timings.housekeeping, { bus, topic: DELISTING_TOPIC }),
    // PGlite cannot build such an index in acceptable time.
    ...(db.isEmbedded ? [] : [new HnswWorker(db, logger, { ...config.vectorIndex, ...timings.vectorIndex })]),
  ]
}

/** A worker of its own, because deletions trigger it. */
function delistingOf(db: Database): Record<string, Chore> {
  const delisting = new Delisting(db)
  return { 'hidden threads in lists': () => delisting.step() }
}

/** What a round of housekeeping removes. */
function choresOf({ config, db }: Foundations, { backupStore }: Services): Record<string, Chore> {
  const { auditRetentionDays, retentionDays } = config
  const { backfills, deletions, spaces } = retentionDays
  const backfillRetention = new BackfillRetention(db, backfills)
  return {
    'expired idempotency keys': () => removeExpiredKeys(db),
    'expired confirmations': () => removeExpiredConfirmations(db),
    ...(backfills > 0 && {
      'ended backfills': () => backfillRetention.remove(),
      'ended reembeddings': () => removeEndedReembeddings(db, backfills),
    }),
    ...(deletions > 0 && { 'ended deletions': () => removeEndedDeletions(db, deletions) }),
    // After the backfills, which refer to them.
    ...(spaces > 0 && { 'deleted spaces': () => removeDeletedSpaces(db, spaces) }),
    ...(auditRetentionDays > 0 && {
      'expired audit events': () => removeExpiredEvents(db, auditRetentionDays),
    }),
    'unfinished backups': async () => {
      await backupStore.removeUnfinished()
      return false
    },
  }
}
