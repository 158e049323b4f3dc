import type { Foundations, Services } from './app.services.js'
import { BACKUP_REMOVAL, backupRemoval } from './features/deletion/backup.removal.js'
import { BackfillWorker, type BackfillWorkerOptions } from './features/embeddings/backfill.worker.js'
import { SANDBOX_DELETION, SandboxClient, sandboxDeletion } from './features/projects/sandbox.service.js'
import { PurgeWorker, type PurgeWorkerOptions } from './features/purge/purge.worker.js'
import type { Logger } from './platform/log.js'
import type { EffectHandlers } from './platform/outbox.runner.js'
import { type OutboxOptions, OutboxWorker } from './platform/outbox.worker.js'

export interface WorkerTimings {
  backfill?: BackfillWorkerOptions
  outbox?: Partial<OutboxOptions>
  purge?: PurgeWorkerOptions
}

export interface Worker {
  start(): void
  stop(): Promise<void>
}

/** What a process does without being asked: embeds messages, and carries out effects outside the database. */
export function createWorkers(
  { config, db, bus, embedder }: Foundations,
  { purges, backupStore }: Services,
  logger: Logger,
  timings: WorkerTimings,
): Worker[] {
  const handlers: EffectHandlers = {
    [BACKUP_REMOVAL]: backupRemoval(backupStore),
    ...(config.sandbox && {
      [SANDBOX_DELETION]: sandboxDeletion(new SandboxClient(config.sandbox.url, config.sandbox.apiKey)),
    }),
  }
  return [
    new BackfillWorker(db, bus, embedder, logger, timings.backfill),
    new PurgeWorker(db, bus, purges, logger, timings.purge),
    new OutboxWorker(db, bus, logger, handlers, timings.outbox),
  ]
}
