import type { Database, Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'
import { announceBackfills } from '../backfills/backfill.events.js'
import {
  type ActiveBackfill,
  advanceBackfill,
  type BackfillChange,
  delayBackfill,
  selectActiveBackfills,
  startBackfill,
} from '../backfills/backfill.sql.js'
import { keepPending, type PendingEmbedding, takePending } from '../links/pending.sql.js'
import { changeStoreCounts } from '../stores/store.counts.js'
import { type BatchOutcome, countsOf } from './batch.outcome.js'
import { leaveOutChanged } from './changed.messages.js'
import {
  advanceThread,
  type Claim,
  claimDue,
  delayThread,
  lockClaim,
  measureRest,
  releaseClaim,
  renewLease,
  selectClaims,
  selectWaiting,
  settleThread,
} from './claim.sql.js'
import { ClaimWindow } from './claim.window.js'
import { deleteFailures, type PendingMessage } from './embedding.sql.js'
import { VectorWriter } from './vector.writer.js'

/** How a claim stands after a commit: it is no longer ours, more is to do, nothing is, or it was given back unfinished. */
export type CommitResult = 'lost' | 'more' | 'settled' | 'yielded'

/** Takes claims, and writes what workers did: vectors, progress, counts and lease in one transaction, or nothing. */
export class ClaimRepository {
  readonly #vectors = new VectorWriter()
  readonly #window: ClaimWindow

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly leaseMs: number,
  ) {
    this.#window = new ClaimWindow(leaseMs)
  }

  async take(leaseId: string, limit: number): Promise<Claim[]> {
    const from = this.#window.begin()
    const leased = await this.db.query(claimDue(leaseId, this.leaseMs, limit, from))
    this.#window.advance(from, leased, limit)
    return leased.length === 0 ? [] : this.db.query(selectClaims(leaseId, leased))
  }

  async renew(claim: Claim): Promise<boolean> {
    return (await this.db.query(renewLease(claim, this.leaseMs))).length > 0
  }

  async release(claim: Claim): Promise<void> {
    await this.db.query(releaseClaim(claim))
  }

  /** Gives back what is not finished, because others wait. */
  async yield(claim: Claim): Promise<CommitResult> {
    await this.db.query(releaseClaim(claim))
    return 'yielded'
  }

  /** Whether this claim's turn should end: another waits for a worker, or messages are to be embedded again. */
  async isAnyWaiting(claim: Claim): Promise<boolean> {
    return (await this.db.query(selectWaiting(claim, this.#window.after))).length > 0
  }

  /** The backfills that count what is done for a claim. Those that waited have started. */
  async begin(claim: Claim): Promise<ActiveBackfill[]> {
    const active = await this.db.query(selectActiveBackfills(claim))
    if (active.some(({ status }) => status === 'QUEUED')) {
      await this.db.transaction(async (tx) => {
        if ((await tx.query(lockClaim(claim))).length === 0) return
        for (const { id } of active) {
          announceBackfills(tx, this.bus, await tx.query(startBackfill(id)))
        }
      })
    }
    return active
  }

  /** A batch of new messages, in their order. */
  commit(
    claim: Claim,
    active: ActiveBackfill | null,
    outcome: BatchOutcome,
    isLast: boolean,
  ): Promise<CommitResult> {
    return this.#write(claim, isLast, async (tx) => {
      const { kept, edited } = await leaveOutChanged(tx, claim, outcome)
      const isCounted = ({ sequence }: PendingMessage) => sequence <= (active?.targetSequence ?? 0)
      const backfillOf = (message: PendingMessage) => (active && isCounted(message) ? active.id : null)
      if (edited.length > 0) {
        const pending = edited.map((message) => ({ ...message, backfillId: backfillOf(message) }))
        await tx.query(keepPending(claim, pending))
      }
      const vectors = await this.#vectors.write(tx, claim, kept)
      const through = outcome.messages.at(-1)?.sequence ?? 0
      await tx.query(advanceThread(claim, through, vectors, this.leaseMs))
      if (active) await this.#count(tx, active.id, countsOf(kept, isCounted))
      return vectors
    })
  }

  /** A batch of messages that were to be embedded again. One that was edited meanwhile stays so. */
  commitPending(claim: Claim, outcome: BatchOutcome): Promise<CommitResult> {
    return this.#write(claim, true, async (tx) => {
      const { kept } = await leaveOutChanged(tx, claim, outcome)
      const done = kept.messages.map(({ id }) => id)
      const taken = await tx.query(takePending(claim, done))
      const refused = new Set(kept.refusals.map(({ messageId }) => messageId))
      await tx.query(
        deleteFailures(
          claim.storeId,
          done.filter((id) => !refused.has(id)),
        ),
      )
      const vectors = await this.#vectors.write(tx, claim, kept)
      await tx.query(advanceThread(claim, 0, vectors, this.leaseMs))
      await this.#countTaken(tx, kept, taken)
      return vectors
    })
  }

  /** Nothing was found to do. */
  settle(claim: Claim): Promise<CommitResult> {
    return this.#write(claim, true, async () => 0)
  }

  /** Gives the thread up for a while, after so many attempts of its own that failed, and tells watchers why. */
  async delay(claim: Claim, error: string, delayMs: number, attempts: 0 | 1): Promise<void> {
    await this.db.transaction(async (tx) => {
      if ((await tx.query(lockClaim(claim))).length === 0) return
      const [delayed] = await tx.query(delayThread(claim, error, delayMs, attempts))
      if (!delayed) return
      const active = await tx.query(selectActiveBackfills(claim))
      for (const { id } of active) {
        announceBackfills(tx, this.bus, await tx.query(delayBackfill(id, error, delayed.nextAttemptAt)))
      }
    })
  }

  #write(claim: Claim, isLast: boolean, work: (tx: Transaction) => Promise<number>): Promise<CommitResult> {
    return this.db.transaction(async (tx) => {
      if ((await tx.query(lockClaim(claim))).length === 0) return 'lost'
      const vectors = await work(tx)
      const isDone = isLast && !(await this.#hasWork(tx, claim))
      if (isDone) await tx.query(settleThread(claim))
      if (vectors > 0) await changeStoreCounts(tx, [{ storeId: claim.storeId, threads: 0, vectors }], 1)
      return isDone ? 'settled' : 'more'
    })
  }

  async #hasWork(tx: Transaction, claim: Claim): Promise<boolean> {
    const [rest] = await tx.query(measureRest(claim))
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
    announceBackfills(tx, this.bus, await tx.query(advanceBackfill(backfillId, change)))
  }
}
