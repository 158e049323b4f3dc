import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { reviveRow } from '../../platform/events/watch.row.js'
import type { BackfillRecord } from './backfill.sql.js'

const TERMINAL: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELED']

export function isTerminal({ status }: Pick<BackfillRecord, 'status'>): boolean {
  return TERMINAL.includes(status)
}

export const topicOf = (backfillId: string) => `backfill:${backfillId}`
/** On this topic each backfill of a space is told. */
export const spaceTopicOf = (spaceId: string) => `space-backfills:${spaceId}`
/** On this topic what counts for the re-embedding that builds a store is told, and how that ended. */
export const storeTopicOf = (storeId: string) => `store-backfills:${storeId}`

/** On this topic workers hear that a thread has messages to embed. */
export const WORK_TOPIC = 'embedding-work'
/** On this topic workers hear that a store may be complete. */
export const REEMBEDDING_TOPIC = 'reembedding'

export function announceWork(tx: Transaction, bus: Bus): void {
  tx.afterCommit(() => bus.publish(WORK_TOPIC, null))
}

export function announceSettled(tx: Transaction, bus: Bus): void {
  tx.afterCommit(() => bus.publish(REEMBEDDING_TOPIC, null))
}

// A few milliseconds.
const ROWS_A_TURN = 200

/** Tells watchers, once the change is committed, how backfills stand. One deletion may end a hundred thousand. */
export function announceBackfills(tx: Transaction, bus: Bus, rows: readonly BackfillRecord[]): void {
  tx.afterCommit(() => publishFrom(0, rows, bus))
  if (rows.some((row) => row.kind === 'REEMBED' && isTerminal(row))) announceSettled(tx, bus)
}

/** The rest is published after whatever else waits for its turn. */
function publishFrom(start: number, rows: readonly BackfillRecord[], bus: Bus): void {
  const end = start + ROWS_A_TURN
  for (const row of rows.slice(start, end)) {
    const topics =
      row.kind === 'REEMBED' ? [storeTopicOf(row.storeId)] : [topicOf(row.id), spaceTopicOf(row.spaceId)]
    for (const topic of topics) bus.publish(topic, row)
  }
  if (end < rows.length) setImmediate(publishFrom, end, rows, bus)
}

const TIMES = {
  nextAttemptAt: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
  updatedAt: true,
} as const

export function reviveBackfill(payload: unknown): BackfillRecord | null {
  return reviveRow<BackfillRecord>(payload, TIMES, ['total', 'reused'])
}
