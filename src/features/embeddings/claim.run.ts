import type { Database, Statement } from '../../platform/database/database.js'
import type { ActiveBackfill } from '../backfills/backfill.sql.js'
import type { Embedder } from '../embedders/embedder.js'
import { type BatchEmbedder, BatchRun } from './batch.embedder.js'
import { type BatchOutcome, joinOutcomes } from './batch.outcome.js'
import type { ClaimRepository, CommitResult } from './claim.repository.js'
import type { Claim } from './claim.sql.js'
import type { EmbedderTurns } from './embedder.turns.js'
import {
  type BatchLimits,
  type PendingMessage,
  readMessagesAfter,
  readPendingMessages,
} from './embedding.sql.js'
import { ReadAhead } from './read.ahead.js'
import { findCopies, findSources } from './reuse.js'
import type { VectorCopy } from './reuse.sql.js'
import { SourceGone } from './vector.writer.js'

// What is in memory at once: this much text for each batch that is read and not yet committed.
const MAX_BATCH_BYTES = 1024 * 1024

/** After so many batches others that wait have their turn. */
const TURN_BATCHES = 8

/** From here on a failure may be the fault of one text that brings the embedder down each time. */
const SUSPECT_ATTEMPTS = 4

/**
 * Works through one claim until nothing is left, or until others have waited for a turn's length: first messages
 * to be embedded again, edited ones and those of a retry, then new ones. Several batches are at the embedder at once, none of them inside a transaction;
 * their results are committed in the messages' order.
 */
export class ClaimRun {
  #through: number
  /** batches read since others were looked for */
  #read = 0
  #isTurnOver = false

  constructor(
    private readonly db: Database,
    private readonly claims: ClaimRepository,
    private readonly embedder: Embedder,
    private readonly turns: EmbedderTurns,
    private readonly claim: Claim,
    /** ends the calls in flight */
    private readonly signal: AbortSignal,
  ) {
    this.#through = claim.embeddedThrough
  }

  async finish(): Promise<void> {
    let result: CommitResult = 'more'
    while (result === 'more' && !this.signal.aborted) {
      const active = await this.claims.begin(this.claim)
      result = await this.#embedAgain()
      if (result !== 'more') return
      const add = active.find(({ kind }) => kind !== 'RETRY') ?? null
      result = await this.#catchUp(add)
    }
  }

  async #embedAgain(): Promise<CommitResult> {
    const { db, claim, claims } = this
    for (;;) {
      const messages = await this.#inTurn(readPendingMessages(claim, this.#limits))
      if (this.#isTurnOver) return claims.yield(claim)
      if (messages.length === 0) return 'more'
      const copies = await findCopies(db, claim, await findSources(db, claim), messages)
      const outcome = await this.#embed(messages, copies)
      const result = await this.#commit(outcome, (whole) => claims.commitPending(claim, whole))
      if (outcome.interruption) throw outcome.interruption
      if (result !== 'more') return result
    }
  }

  async #catchUp(active: ActiveBackfill | null): Promise<CommitResult> {
    const from = this.#through
    const ahead = await this.#readAhead()
    for (;;) {
      const outcome = await ahead.next()
      if (!outcome) break
      const { isDone } = ahead
      const result = await this.#commit(outcome, (whole) =>
        this.claims.commit(this.claim, active, whole, isDone),
      )
      this.#through = outcome.messages.at(-1)?.sequence ?? this.#through
      if (outcome.interruption) throw outcome.interruption
      if (result !== 'more') return result
    }
    if (this.#isTurnOver) return this.claims.yield(this.claim)
    return this.#through > from ? 'more' : this.claims.settle(this.claim)
  }

  get #limits(): BatchLimits {
    return { messages: this.embedder.batchSize, bytes: MAX_BATCH_BYTES }
  }

  async #readAhead(): Promise<ReadAhead> {
    const { db, claim, embedder } = this
    const sources = await findSources(db, claim)
    return new ReadAhead(
      {
        read: (after) => this.#inTurn(readMessagesAfter(claim.threadId, after, this.#limits)),
        embed: async (messages) => this.#embed(messages, await findCopies(db, claim, sources, messages)),
        // Twice what the embedder takes at once: it has the next calls while a commit is under way.
        window: 2 * embedder.concurrency + 2,
      },
      this.#through,
    )
  }

  /** Nothing of a batch is written that ended before its first message. */
  async #commit(
    outcome: BatchOutcome,
    write: (outcome: BatchOutcome) => Promise<CommitResult>,
  ): Promise<CommitResult> {
    this.signal.throwIfAborted()
    if (outcome.messages.length === 0) return 'more'
    try {
      return await write(outcome)
    } catch (error) {
      if (!(error instanceof SourceGone)) throw error
      return this.#commit(await this.#embedInstead(outcome, error.copyableIds), write)
    }
  }

  /** What can no longer be copied is embedded after all. */
  async #embedInstead(outcome: BatchOutcome, copyableIds: readonly string[]): Promise<BatchOutcome> {
    const copyable = new Set(copyableIds)
    const gone = new Set(outcome.copies.map(({ messageId }) => messageId).filter((id) => !copyable.has(id)))
    const messages = outcome.messages.filter(({ id }) => gone.has(id))
    const embedded = await this.#embed(messages)
    if (embedded.interruption) throw embedded.interruption
    const copies = outcome.copies.filter(({ messageId }) => copyable.has(messageId))
    return { ...joinOutcomes([{ ...outcome, copies }, embedded]), messages: outcome.messages }
  }

  /** Reads a batch, unless the turn is over: then nothing more is read, and what was is finished. */
  async #inTurn(statement: Statement): Promise<PendingMessage[]> {
    if (this.#read === TURN_BATCHES) {
      this.#read = 0
      this.#isTurnOver = await this.claims.isAnyWaiting(this.claim)
    }
    if (this.#isTurnOver) return []
    this.#read++
    return this.db.query(statement)
  }

  #embed(messages: PendingMessage[], copies: VectorCopy[] = []): Promise<BatchOutcome> {
    const { embedder, turns, claim } = this
    const caller: BatchEmbedder = {
      batchSize: embedder.batchSize,
      isSuspect: claim.attempts >= SUSPECT_ATTEMPTS,
      embed: (texts, signal) => turns.embed(embedder, claim, texts, signal),
    }
    return new BatchRun(caller, messages, copies, this.signal).finish()
  }
}
