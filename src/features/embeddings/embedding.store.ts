import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import {
  type ActiveBackfill,
  advanceBackfill,
  type BackfillRecord,
  delayBackfill,
  selectActiveBackfills,
  startBackfill,
} from '../backfills/backfill.sql.js'
import { changeSpaceCounts } from '../spaces/space.sql.js'
import type { BatchOutcome } from './batch.embedder.js'
import {
  advanceLink,
  type ClaimedLink,
  claimLinks,
  delayLink,
  deleteFailures,
  holdClaim,
  measureRest,
  releaseLease,
  renewLease,
  selectVectorType,
  settleLink,
  upsertFailures,
  upsertVectors,
  upsertWideVectors,
} from './embedding.sql.js'
import { encodeHalfVectorArray } from './half.floats.js'

/** Up to here a vector fits an index entry, whatever its row's ids are; a wider one stands beside the index. */
export const MAX_INDEXED_DIMENSIONS = 1_100

/** What a commit found: the link is no longer ours, more is to do, or nothing is. */
export type CommitResult = 'lost' | 'more' | 'settled'

/** Writes what workers did: vectors, the link's progress, counts and lease in one transaction, or nothing. */
export class EmbeddingStore {
  #vectorType: Promise<number> | null = null

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly leaseMs: number,
  ) {}

  claim(leaseId: string, limit: number): Promise<ClaimedLink[]> {
    return this.db.query(claimLinks(leaseId, this.leaseMs, limit))
  }

  async renew(link: ClaimedLink): Promise<boolean> {
    return (await this.db.query(renewLease(link, this.leaseMs))).length > 0
  }

  async release(link: ClaimedLink): Promise<void> {
    await this.db.query(releaseLease(link))
  }

  /** The backfills that count what is done for a link. Those that waited are told to have started. */
  async begin(link: ClaimedLink): Promise<ActiveBackfill[]> {
    const active = await this.db.query<ActiveBackfill>(selectActiveBackfills(link.spaceId, link.threadId))
    if (active.some(({ status }) => status === 'QUEUED')) {
      await this.db.transaction(async (tx) => {
        for (const { id } of active) {
          announceBackfills(tx, this.bus, await tx.query<BackfillRecord>(startBackfill(id)))
        }
      })
    }
    return active
  }

  /** A batch of new messages, in their order. */
  commit(
    link: ClaimedLink,
    active: ActiveBackfill | null,
    outcome: BatchOutcome,
    isLast: boolean,
  ): Promise<CommitResult> {
    return this.#write(link, isLast, async (tx) => {
      const vectors = await this.#writeVectors(tx, link, outcome)
      const through = outcome.messages.at(-1)?.sequence ?? 0
      await tx.query(advanceLink(link, through, vectors, this.leaseMs))
      if (active) await this.#count(tx, active.id, countsWithin(outcome, active.targetSequence))
      return vectors
    })
  }

  /** A batch of messages that were refused before. */
  commitRetry(link: ClaimedLink, active: ActiveBackfill, outcome: BatchOutcome): Promise<CommitResult> {
    return this.#write(link, true, async (tx) => {
      const done = outcome.messages.map(({ id }) => id)
      const refused = new Set(outcome.refusals.map(({ messageId }) => messageId))
      await tx.query(
        deleteFailures(
          link.spaceId,
          done.filter((id) => !refused.has(id)),
        ),
      )
      const vectors = await this.#writeVectors(tx, link, outcome)
      await tx.query(advanceLink(link, 0, vectors, this.leaseMs))
      await this.#count(tx, active.id, countsWithin(outcome, Number.POSITIVE_INFINITY))
      return vectors
    })
  }

  /** Nothing was found to do. */
  settle(link: ClaimedLink): Promise<CommitResult> {
    return this.#write(link, true, async () => 0)
  }

  /** Gives the link up for a while and tells watchers why. */
  async delay(link: ClaimedLink, error: string, delayMs: number): Promise<void> {
    await this.db.transaction(async (tx) => {
      const [delayed] = await tx.query<{ nextAttemptAt: Date }>(delayLink(link, error, delayMs))
      if (!delayed) return
      const active = await tx.query<ActiveBackfill>(selectActiveBackfills(link.spaceId, link.threadId))
      for (const { id } of active) {
        announceBackfills(
          tx,
          this.bus,
          await tx.query<BackfillRecord>(delayBackfill(id, error, delayed.nextAttemptAt)),
        )
      }
    })
  }

  #write(
    link: ClaimedLink,
    isLast: boolean,
    work: (tx: Transaction) => Promise<number>,
  ): Promise<CommitResult> {
    return this.db.transaction(async (tx) => {
      if ((await tx.query(holdClaim(link))).length === 0) return 'lost'
      const vectors = await work(tx)
      const isDone = isLast && !(await this.#hasWork(tx, link))
      if (isDone) await tx.query(settleLink(link))
      if (vectors > 0) await tx.query(changeSpaceCounts(link.spaceId, 0, vectors))
      return isDone ? 'settled' : 'more'
    })
  }

  async #hasWork(tx: Transaction, link: ClaimedLink): Promise<boolean> {
    const [rest] = await tx.query<{ hasWork: boolean }>(measureRest(link))
    return rest?.hasWork ?? false
  }

  async #writeVectors(tx: Transaction, link: ClaimedLink, outcome: BatchOutcome): Promise<number> {
    if (outcome.refusals.length > 0) await tx.query(upsertFailures(link, outcome.refusals))
    if (outcome.vectors.length === 0) return 0
    const binary = encodeHalfVectorArray(
      outcome.vectors.map(({ vector }) => vector),
      await this.#vectorTypeIn(tx),
    )
    const upsert = link.embeddingDimensions > MAX_INDEXED_DIMENSIONS ? upsertWideVectors : upsertVectors
    const rows = await tx.query<{ isNew: boolean }>(upsert(link, outcome.vectors, binary))
    return rows.filter(({ isNew }) => isNew).length
  }

  async #count(
    tx: Transaction,
    backfillId: string,
    change: { embedded: number; skipped: number; failed: number },
  ): Promise<void> {
    if (change.embedded + change.skipped + change.failed === 0) return
    announceBackfills(tx, this.bus, await tx.query<BackfillRecord>(advanceBackfill(backfillId, change)))
  }

  #vectorTypeIn(tx: Transaction): Promise<number> {
    this.#vectorType ??= tx.query<{ oid: number }>(selectVectorType()).then(([row]) => row?.oid ?? 0)
    return this.#vectorType
  }
}

/** What of a batch belongs to a backfill that ends at `target`. Later messages are embedded, but counted by none. */
function countsWithin({ messages, refusals, vectors }: BatchOutcome, target: number) {
  const refused = new Set(refusals.map(({ messageId }) => messageId))
  const withVectors = new Set(vectors.map(({ messageId }) => messageId))
  const within = messages.filter(({ sequence }) => sequence <= target)
  const failed = within.filter(({ id }) => refused.has(id)).length
  const embedded = within.filter(({ id }) => withVectors.has(id)).length
  return { embedded, failed, skipped: within.length - failed - embedded }
}
