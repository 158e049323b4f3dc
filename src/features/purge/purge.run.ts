import type { Bus } from '../../platform/bus.js'
import type { Database, Transaction } from '../../platform/database.js'
import { recordAudit, system } from '../audit/audit.trail.js'
import {
  advanceBatch,
  type BatchThread,
  type ClaimedBatch,
  countHeldThreads,
  type DeletionBatchRecord,
  lockClaimed,
  selectBatchThreads,
  settleBatch,
} from './deletion.batch.sql.js'
import { announceDeletions } from './deletion.events.js'
import type { PurgeService } from './purge.service.js'
import { type Trimmed, trimThread } from './purge.sql.js'

/** A thread with more messages goes in pieces; with fewer, in one transaction. Source: the requirements of Kortix' API. */
export const MAX_MESSAGES_AT_ONCE = 10_000

const MAX_THREADS_AT_ONCE = 500
const MAX_VECTORS_AT_ONCE = 2 * MAX_MESSAGES_AT_ONCE
// Whoever set a hold may lift it: until then the rest of its deletion is looked at once an hour.
const HELD_RETRY_MS = 3_600_000

/** Purges what one deletion took, in transactions of a bounded size, until nothing is left or the batch is taken away. */
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
    while (!this.signal.aborted) {
      const candidates = await this.db.query<BatchThread>(selectBatchThreads(this.batch, MAX_THREADS_AT_ONCE))
      if (candidates.length === 0) {
        if (await this.#settle()) return
      } else if (!(await this.db.transaction((tx) => this.#step(tx, candidates)))) return
    }
  }

  /** @returns false when the batch is no longer this run's */
  #step(tx: Transaction, candidates: readonly BatchThread[]): Promise<boolean> {
    const [first] = candidates
    return first && first.messageCount > MAX_MESSAGES_AT_ONCE
      ? this.#trim(tx, first.id)
      : this.#purge(tx, takeWithin(candidates))
  }

  async #trim(tx: Transaction, threadId: string): Promise<boolean> {
    const [thread] = await this.purges.hold(tx, [threadId])
    if (!(await this.#isOurs(tx))) return false
    if (thread?.deletionBatchId !== this.batch.id) return true
    const [trimmed] = await tx.query<Trimmed>(trimThread(threadId, MAX_MESSAGES_AT_ONCE, MAX_VECTORS_AT_ONCE))
    await this.#advance(tx, 0, trimmed?.messages ?? 0)
    return true
  }

  async #purge(tx: Transaction, threadIds: readonly string[]): Promise<boolean> {
    const held = await this.purges.hold(tx, threadIds)
    if (!(await this.#isOurs(tx))) return false
    // One that was restored since it was looked up is no longer this deletion's.
    const threads = held.filter(({ deletionBatchId }) => deletionBatchId === this.batch.id)
    const { projects } = await this.purges.purge(tx, threads, this.batch)
    const messages = threads.reduce((sum, { messageCount }) => sum + messageCount, 0)
    await this.#advance(tx, threads.length, messages)
    await this.purges.uncountProjects(tx, projects)
    return true
  }

  async #advance(tx: Transaction, threads: number, messages: number): Promise<void> {
    const rows = await tx.query<DeletionBatchRecord>(
      advanceBatch(this.batch, threads, messages, this.leaseMs),
    )
    announceDeletions(tx, this.bus, rows)
  }

  /** @returns false when a hold was lifted since the last look: who lifted it found the batch awake */
  #settle(): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      if (!(await this.#isOurs(tx))) return true
      if ((await tx.query(selectBatchThreads(this.batch, 1))).length > 0) return false
      const [held] = await tx.query<{ count: number }>(countHeldThreads(this.batch))
      const [settled] = await tx.query<DeletionBatchRecord>(
        settleBatch(this.batch, held?.count ?? 0, HELD_RETRY_MS),
      )
      if (!settled) return true
      announceDeletions(tx, this.bus, [settled])
      if (settled.state === 'PURGED') await this.#record(tx, settled)
      return true
    })
  }

  /** The deletion itself was recorded with who asked for it; this says that nothing is left of it. */
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

/** As many threads as have no more messages together than go at once, and one in any case. */
function takeWithin(candidates: readonly BatchThread[]): string[] {
  const taken: string[] = []
  let messages = 0
  for (const { id, messageCount } of candidates) {
    messages += messageCount
    if (taken.length > 0 && messages > MAX_MESSAGES_AT_ONCE) break
    taken.push(id)
  }
  return taken
}
