import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import {
  type ActiveBackfill,
  advanceBackfill,
  type BackfillChange,
  type BackfillRecord,
  delayBackfill,
  selectActiveBackfills,
  startBackfill,
} from '../backfills/backfill.sql.js'
import { changeSpaceCounts } from '../purge/space.counts.js'
import { keepPending, type PendingEmbedding, takePending } from '../spaces/pending.sql.js'
import { announceSettled } from '../spaces/reembedding.events.js'
import { type BatchOutcome, countsOf } from './batch.outcome.js'
import { leaveOutChanged } from './changed.messages.js'
import {
  advanceLink,
  type ClaimedLink,
  claimLinks,
  type DuePosition,
  delayLink,
  holdClaim,
  measureRest,
  releaseLease,
  renewLease,
  selectLeased,
  selectWaiting,
  settleLink,
  yieldLink,
} from './claim.sql.js'
import { ClaimWindow } from './claim.window.js'
import { deleteFailures, type PendingMessage } from './embedding.sql.js'
import { VectorWriter } from './vector.writer.js'

/** How a link stands after a commit: it is no longer ours, more is to do, nothing is, or it was given back unfinished. */
export type CommitResult = 'lost' | 'more' | 'settled' | 'yielded'

/** Writes what workers did: vectors, the link's progress, counts and lease in one transaction, or nothing. */
export class EmbeddingStore {
  readonly #vectors = new VectorWriter()
  readonly #window: ClaimWindow

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly leaseMs: number,
  ) {
    this.#window = new ClaimWindow(leaseMs)
  }

  async claim(leaseId: string, limit: number): Promise<ClaimedLink[]> {
    const from = this.#window.begin()
    const leased = await this.db.query<DuePosition>(claimLinks(leaseId, this.leaseMs, limit, from))
    this.#window.advance(from, leased, limit)
    return leased.length === 0 ? [] : this.db.query(selectLeased(leaseId, leased))
  }

  async renew(link: ClaimedLink): Promise<boolean> {
    return (await this.db.query(renewLease(link, this.leaseMs))).length > 0
  }

  async release(link: ClaimedLink): Promise<void> {
    await this.db.query(releaseLease(link))
  }

  /** Gives back a link that is not finished, because others wait. */
  async yield(link: ClaimedLink): Promise<CommitResult> {
    await this.db.query(yieldLink(link))
    return 'yielded'
  }

  /** Whether this link's turn should end: another waits for a worker, or messages are to be embedded again. */
  async isAnyWaiting(link: ClaimedLink): Promise<boolean> {
    return (await this.db.query(selectWaiting(link, this.#window.after))).length > 0
  }

  /** The backfills that count what is done for a link. Those that waited have started. */
  async begin(link: ClaimedLink): Promise<ActiveBackfill[]> {
    const active = await this.db.query<ActiveBackfill>(selectActiveBackfills(link.spaceId, link.threadId))
    if (active.some(({ status }) => status === 'QUEUED')) {
      await this.db.transaction(async (tx) => {
        if ((await tx.query(holdClaim(link))).length === 0) return
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
      const { kept, edited } = await leaveOutChanged(tx, link, outcome)
      const isCounted = ({ sequence }: PendingMessage) => sequence <= (active?.targetSequence ?? 0)
      const backfillOf = (message: PendingMessage) => (active && isCounted(message) ? active.id : null)
      if (edited.length > 0) {
        const pending = edited.map((message) => ({ ...message, backfillId: backfillOf(message) }))
        await tx.query(keepPending(link, pending))
      }
      const vectors = await this.#vectors.write(tx, link, kept)
      const through = outcome.messages.at(-1)?.sequence ?? 0
      await tx.query(advanceLink(link, through, vectors, this.leaseMs))
      if (active) await this.#count(tx, active.id, countsOf(kept, isCounted))
      return vectors
    })
  }

  /** A batch of messages that were to be embedded again. One that was edited meanwhile stays so. */
  commitPending(link: ClaimedLink, outcome: BatchOutcome): Promise<CommitResult> {
    return this.#write(link, true, async (tx) => {
      const { kept } = await leaveOutChanged(tx, link, outcome)
      const done = kept.messages.map(({ id }) => id)
      const taken = await tx.query<PendingEmbedding>(takePending(link, done))
      const refused = new Set(kept.refusals.map(({ messageId }) => messageId))
      await tx.query(
        deleteFailures(
          link.spaceId,
          done.filter((id) => !refused.has(id)),
        ),
      )
      const vectors = await this.#vectors.write(tx, link, kept)
      await tx.query(advanceLink(link, 0, vectors, this.leaseMs))
      await this.#countTaken(tx, kept, taken)
      return vectors
    })
  }

  /** Nothing was found to do. */
  settle(link: ClaimedLink): Promise<CommitResult> {
    return this.#write(link, true, async () => 0)
  }

  /** Gives the link up for a while, after so many attempts of its own that failed, and tells watchers why. */
  async delay(link: ClaimedLink, error: string, delayMs: number, attempts: 0 | 1): Promise<void> {
    await this.db.transaction(async (tx) => {
      const [delayed] = await tx.query<{ nextAttemptAt: Date }>(delayLink(link, error, delayMs, attempts))
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
      if (isDone && link.isShadow) announceSettled(tx, this.bus)
      if (vectors > 0) await changeSpaceCounts(tx, [{ spaceId: link.spaceId, threads: 0, vectors }], 1)
      return isDone ? 'settled' : 'more'
    })
  }

  async #hasWork(tx: Transaction, link: ClaimedLink): Promise<boolean> {
    const [rest] = await tx.query<{ hasWork: boolean }>(measureRest(link))
    return rest?.hasWork ?? false
  }

  /** Each message counts into the backfill that it was pending for. */
  async #countTaken(tx: Transaction, kept: BatchOutcome, taken: readonly PendingEmbedding[]): Promise<void> {
    const backfills = new Map(taken.map(({ messageId, backfillId }) => [messageId, backfillId]))
    for (const backfillId of new Set(backfills.values())) {
      if (backfillId === null) continue
      await this.#count(
        tx,
        backfillId,
        countsOf(kept, ({ id }) => backfills.get(id) === backfillId),
      )
    }
  }

  async #count(tx: Transaction, backfillId: string, change: BackfillChange): Promise<void> {
    if (change.embedded + change.skipped + change.failed === 0) return
    announceBackfills(tx, this.bus, await tx.query<BackfillRecord>(advanceBackfill(backfillId, change)))
  }
}
