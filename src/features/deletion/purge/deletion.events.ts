import type { Queryable, Transaction } from '../../../platform/database/database.js'
import { notFound } from '../../../platform/errors.js'
import type { Bus } from '../../../platform/events/bus.js'
import {
  type Found,
  foundOf,
  type Look,
  type Subject,
  type WatchKind,
} from '../../../platform/events/watch.kind.js'
import { reviveRow } from '../../../platform/events/watch.row.js'
import { type DeletionBatchRecord, selectWatchedBatches } from './deletion.batch.sql.js'

const TIMES = { createdAt: true, updatedAt: true, purgeAfter: true, finishedAt: true } as const

const topicOf = (batchId: string) => `deletion:${batchId}`

/** Sends the state of deletions to subscribers once the change is committed. */
export function announceDeletions(tx: Transaction, bus: Bus, rows: readonly DeletionBatchRecord[]): void {
  tx.afterCommit(() => {
    for (const row of rows) bus.publish(topicOf(row.id), row)
  })
}

/** Subscription to one deletion; ends when nothing is left to purge, and for a soft one at once. */
export class OneDeletion implements WatchKind<Subject, DeletionBatchRecord> {
  constructor(private readonly db: Queryable) {}

  topicOf({ id }: Subject): string {
    return topicOf(id)
  }

  receive(payload: unknown): DeletionBatchRecord | null {
    return reviveRow<DeletionBatchRecord>(payload, TIMES, ['count'])
  }

  isLast({ state }: DeletionBatchRecord): boolean {
    return state !== 'PURGING'
  }

  async look(looks: readonly Look<Subject>[]): Promise<Found<DeletionBatchRecord>> {
    const rows = await this.db.query(selectWatchedBatches(looks))
    return foundOf(rows, (batchId) => notFound('Deletion', { batchId }))
  }
}
