import type { Bus } from '../../platform/bus.js'
import type { Transaction } from '../../platform/database.js'
import { Watch } from '../../platform/watch.js'
import { spaceTopicOf } from '../backfills/backfill.events.js'
import type { ReembeddingRecord } from './reembedding.sql.js'

const MIN_INTERVAL_MS = 100
// Counting ten thousand backfills takes milliseconds: not for each of their batches.
const LOOK_MS = 250
const POLL_MS = 3_000

/** On this topic workers hear that a shadow may be complete. */
export const REEMBEDDING_TOPIC = 'reembedding'

/** Tells watchers, once the change is committed, how a reembedding has ended. */
export function announceReembedding(tx: Transaction, bus: Bus, row: ReembeddingRecord): void {
  tx.afterCommit(() => bus.publish(spaceTopicOf(row.shadowId), { reembedding: row }))
}

export function announceSettled(tx: Transaction, bus: Bus): void {
  tx.afterCommit(() => bus.publish(REEMBEDDING_TOPIC, null))
}

/** One reembedding, until it ends: what its shadow's backfills tell says to count them again. */
export function watchReembedding(
  bus: Bus,
  { id, shadowId }: ReembeddingRecord,
  accessTopics: readonly string[],
  read: () => Promise<ReembeddingRecord[]>,
) {
  return new Watch<ReembeddingRecord>({
    bus,
    accessTopics,
    topic: spaceTopicOf(shadowId),
    read,
    receive: (payload) => reviveReembedding(id, payload),
    keyOf: (row) => row.id,
    sequenceOf: (row) => row.sequence,
    isLast: ({ status }) => status !== 'RUNNING',
    minIntervalMs: MIN_INTERVAL_MS,
    lookMs: LOOK_MS,
    pollMs: POLL_MS,
  })
}

/** Another version of Heddle may be on the bus: what cannot be read is left to the next look at the rows. */
function reviveReembedding(id: string, payload: unknown): ReembeddingRecord | null {
  const row = (payload as { reembedding?: ReembeddingRecord } | null)?.reembedding
  if (row?.id !== id || typeof row.sequence !== 'number') return null
  return {
    ...row,
    createdAt: new Date(row.createdAt),
    finishedAt: row.finishedAt && new Date(row.finishedAt),
    nextAttemptAt: row.nextAttemptAt && new Date(row.nextAttemptAt),
  }
}
