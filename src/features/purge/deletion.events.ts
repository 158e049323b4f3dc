import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import { Watch } from '../../platform/watch.js'
import type { DeletionBatchRecord } from './deletion.batch.sql.js'

const MIN_INTERVAL_MS = 100
const POLL_MS = 3_000

/** On this topic workers hear that there is something to purge. */
export const PURGE_TOPIC = 'purge'

const topicOf = (batchId: string) => `deletion:${batchId}`

/** Tells watchers, once the change is committed, how deletions stand. */
export function announceDeletions(tx: Transaction, bus: Bus, rows: readonly DeletionBatchRecord[]): void {
  tx.afterCommit(() => {
    for (const row of rows) bus.publish(topicOf(row.id), row)
  })
}

export function announcePurge(tx: Transaction, bus: Bus): void {
  tx.afterCommit(() => bus.publish(PURGE_TOPIC, null))
}

/** One deletion, until nothing is left of it; a soft one that can still be undone is at its end too. */
export function watchDeletion(bus: Bus, batchId: string, read: () => Promise<DeletionBatchRecord[]>) {
  return new Watch<DeletionBatchRecord>({
    bus,
    topic: topicOf(batchId),
    read,
    receive: reviveDeletion,
    keyOf: (row) => row.id,
    sequenceOf: (row) => row.sequence,
    isLast: ({ state }) => state !== 'PURGING',
    minIntervalMs: MIN_INTERVAL_MS,
    pollMs: POLL_MS,
  })
}

/** Another version of Heddle may be on the bus: what cannot be read is left to the next look at the row. */
function reviveDeletion(payload: unknown): DeletionBatchRecord | null {
  const row = payload as DeletionBatchRecord | null
  if (typeof row?.id !== 'string' || typeof row.sequence !== 'number' || typeof row.count !== 'number')
    return null
  return {
    ...row,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
    purgeAfter: row.purgeAfter && new Date(row.purgeAfter),
    finishedAt: row.finishedAt && new Date(row.finishedAt),
  }
}
