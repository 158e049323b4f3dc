import type { Queryable, Transaction } from '../../platform/database/database.js'
import { asMissing, notFound } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import {
  type Found,
  foundOf,
  type Look,
  type Subject,
  type WatchKind,
} from '../../platform/events/watch.kind.js'
import { reviveRow } from '../../platform/events/watch.row.js'
import { storeTopicOf } from '../backfills/backfill.events.js'
import { type ReembeddingRecord, selectWatchedReembeddings } from './reembedding.sql.js'

// Counting ten thousand backfills takes milliseconds: not for each of their batches.
const LOOK_MS = 250

/** Tells watchers, once the change is committed, how a reembedding has ended. */
export function announceReembedding(tx: Transaction, bus: Bus, row: ReembeddingRecord): void {
  tx.afterCommit(() => bus.publish(storeTopicOf(row.storeId), { reembedding: row }))
}

/** What is watched of a reembedding. */
export interface WatchedReembedding extends Subject {
  readonly storeId: string
}

/** One reembedding, until it ends: what its store's backfills tell says to count them again. */
export class OneReembedding implements WatchKind<WatchedReembedding, ReembeddingRecord> {
  readonly lookMs = LOOK_MS

  constructor(private readonly db: Queryable) {}

  topicOf({ storeId }: WatchedReembedding): string {
    return storeTopicOf(storeId)
  }

  receive(payload: unknown, { id }: WatchedReembedding): ReembeddingRecord | null {
    return reviveReembedding(id, payload)
  }

  isLast({ status }: ReembeddingRecord): boolean {
    return status !== 'RUNNING'
  }

  async look(looks: readonly Look<WatchedReembedding>[]): Promise<Found<ReembeddingRecord>> {
    const rows = await this.db.query(selectWatchedReembeddings(looks))
    return foundOf(rows, (reembeddingId) => notFound('Reembedding', { reembeddingId }))
  }

  refusal(error: Error, { id }: WatchedReembedding): Error {
    return asMissing(error, 'Reembedding', { reembeddingId: id })
  }
}

const TIMES = { createdAt: true, finishedAt: true, nextAttemptAt: true } as const

function reviveReembedding(id: string, payload: unknown): ReembeddingRecord | null {
  const published = (payload as { reembedding?: unknown } | null)?.reembedding
  const row = reviveRow<ReembeddingRecord>(published, TIMES)
  return row?.id === id ? row : null
}
