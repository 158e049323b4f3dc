import type { Database, Transaction } from '../../../platform/database/database.js'
import type { Bus } from '../../../platform/events/bus.js'
import { recordAudit, system } from '../../audit/audit.trail.js'
import {
  type BatchThread,
  countBatchRest,
  selectBatchThreads,
  type ThreadPosition,
} from './batch.threads.sql.js'
import {
  advanceBatch,
  type ClaimedBatch,
  type DeletionBatchRecord,
  lockClaimed,
  settleBatch,
} from './deletion.batch.sql.js'
import { announceDeletions } from './deletion.events.js'
import type { PurgeService } from './purge.service.js'
import { type Trimmed, trimThread } from './purge.sql.js'

// Limits per transaction. Source of the first: the requirements of Kortix' API.
const MAX_MESSAGES_AT_ONCE = 10_000
const MAX_VECTORS_AT_ONCE = 2 * MAX_MESSAGES_AT_ONCE
const MAX_THREADS_AT_ONCE = 1_000
// Lifting a legal hold resumes its deletion; until then, the rest is checked once an hour.
const HELD_RETRY_MS = 3_600_000

type Size = Pick<BatchThread, 'messageCount' | 'vectorCount'>

/** Whether one or more threads are too large for one transaction, so that they must be purged in steps. */
export function isTooLong({ messageCount, vectorCount }: Size): boolean {
  return messageCount > MAX_MESSAGES_AT_ONCE || vectorCount > MAX_VECTORS_AT_ONCE
}

/** Purges one deletion in bounded transactions, until nothing is left or the lease is lost. */
export class PurgeRun {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly purges: PurgeService,
    private readonly batch: ClaimedBatch,
    private readonly leaseMs: number,
    private readonly signal: AbortSignal,
  ) {}

  async finish(): Promise<void> {
    let after: ThreadPosition | null = null
    while (!this.signal.aborted) {
      const met: BatchThread[] = await this.db.query(
        selectBatchThreads(this.batch, after, MAX_THREADS_AT_ONCE),
      )
      const end = met.at(-1)
      if (!end) {
        if (await this.#settle()) return
        after = null
        continue
      }
      const due = met.filter(({ isTaken, legalHold }) => isTaken && !legalHold)
      const step = takeWithin(due)
      const [first] = step
      if (first && isTooLong(first)) {
        const trimmed = await this.db.transaction((tx) => this.#trim(tx, first.id))
        if (!trimmed) return
        if (trimmed.messages + trimmed.vectors > 0) continue
      }
      if (first && !(await this.db.transaction((tx) => this.#purge(tx, step)))) return
      after = step.length < due.length ? (step.at(-1) ?? end) : end
    }
  }

  /** @returns what was purged, or null if the lease was lost */
  async #trim(tx: Transaction, threadId: string): Promise<Trimmed | null> {
    const [thread] = await this.purges.lock(tx, [threadId])
    if (!(await this.#isOurs(tx))) return null
    if (thread?.deletionBatchId !== this.batch.id) return { messages: 0, vectors: 0 }
    const [trimmed] = await tx.query(trimThread(threadId, MAX_MESSAGES_AT_ONCE, MAX_VECTORS_AT_ONCE))
    if (!trimmed) throw new Error(`Thread ${threadId} could not be trimmed`)
    await this.#advance(tx, 0, trimmed.messages)
    return trimmed
  }

  /** @returns false if the lease was lost */
  async #purge(tx: Transaction, step: readonly BatchThread[]): Promise<boolean> {
    const locked = await this.purges.lock(
      tx,
      step.map(({ id }) => id),
    )
    if (!(await this.#isOurs(tx))) return false
    // Threads restored since they were found no longer belong to this deletion.
    const threads = locked.filter(({ deletionBatchId }) => deletionBatchId === this.batch.id)
    const projects = await this.purges.purge(tx, threads, this.batch)
    const messages = threads.reduce((sum, { messageCount }) => sum + messageCount, 0)
    await this.#advance(tx, threads.length, messages)
    await this.purges.uncountProjects(tx, projects)
    return true
  }

  async #advance(tx: Transaction, threads: number, messages: number): Promise<void> {
    const rows = await tx.query(advanceBatch(this.batch, threads, messages, this.leaseMs))
    announceDeletions(tx, this.bus, rows)
  }

  /** @returns false if a legal hold was lifted since the last check, which made the batch due again */
  #settle(): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      if (!(await this.#isOurs(tx))) return true
      const [rest] = await tx.query(countBatchRest(this.batch))
      if (rest && rest.due > 0) return false
      const [settled] = await tx.query(settleBatch(this.batch, rest?.held ?? 0, HELD_RETRY_MS))
      if (!settled) return true
      announceDeletions(tx, this.bus, [settled])
      if (settled.state === 'PURGED') await this.#record(tx, settled)
      return true
    })
  }

  /** The deletion was recorded with who requested it; this event records that nothing is left of it. */
  async #record(
    tx: Transaction,
    { id, userId, organizationId, threadId, count }: DeletionBatchRecord,
  ): Promise<void> {
    await recordAudit(tx, system(this.batch), {
      action: 'deletion.purged',
      targetType: threadId === null ? 'user' : 'thread',
      targetId: threadId ?? userId,
      organizationId,
      details: { batchId: id, threads: count },
    })
  }

  async #isOurs(tx: Transaction): Promise<boolean> {
    return (await tx.query(lockClaimed(this.batch))).length > 0
  }
}

/** As many threads as fit into one transaction, and at least one. */
function takeWithin(threads: readonly BatchThread[]): BatchThread[] {
  const size: Size = { messageCount: 0, vectorCount: 0 }
  const tooMany = threads.findIndex(({ messageCount, vectorCount }) => {
    size.messageCount += messageCount
    size.vectorCount += vectorCount
    return isTooLong(size)
  })
  return tooMany < 0 ? [...threads] : threads.slice(0, Math.max(tooMany, 1))
}
