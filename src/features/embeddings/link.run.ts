import type { Database } from '../../platform/database.js'
import type { ActiveBackfill } from '../backfills/backfill.sql.js'
import { type BatchOutcome, embedBatch } from './batch.embedder.js'
import type { Embedder } from './embedder.js'
import {
  type ClaimedLink,
  type PendingMessage,
  readMessagesAfter,
  readRetriedMessages,
} from './embedding.sql.js'
import type { CommitResult, EmbeddingStore } from './embedding.store.js'

// What is in memory at once: this much text for each batch in flight.
const MAX_BATCH_BYTES = 4 * 1024 * 1024

interface Batch {
  outcome: Promise<BatchOutcome>
}

/**
 * Works through one claimed link until nothing is left: first what a retry asks for, then new messages. Several batches
 * are at the embedder at once, none of them inside a transaction; their results are committed in the messages' order.
 */
export class LinkRun {
  constructor(
    private readonly db: Database,
    private readonly store: EmbeddingStore,
    private readonly embedder: Embedder,
    private readonly link: ClaimedLink,
    /** ends the calls in flight */
    private readonly signal: AbortSignal,
  ) {}

  async finish(): Promise<void> {
    let through = this.link.embeddedThrough
    let result: CommitResult = 'more'
    while (result === 'more' && !this.signal.aborted) {
      const active = await this.store.begin(this.link)
      const retry = active.find(({ kind }) => kind === 'RETRY')
      if (retry) result = await this.#retry(retry)
      if (result !== 'more') return
      const add = active.find(({ kind }) => kind === 'ADD') ?? null
      ;[result, through] = await this.#catchUp(add, through)
    }
  }

  async #retry(active: ActiveBackfill): Promise<CommitResult> {
    for (;;) {
      const messages = await this.db.query<PendingMessage>(
        readRetriedMessages(this.link, active.id, this.embedder.batchSize),
      )
      if (messages.length === 0) return 'more'
      const outcome = await embedBatch(this.embedder, messages, this.signal)
      const result = await this.store.commitRetry(this.link, active, outcome)
      if (result !== 'more') return result
    }
  }

  /** Reads ahead of what is committed, as far as the embedder takes calls. */
  async #catchUp(active: ActiveBackfill | null, from: number): Promise<[CommitResult, number]> {
    const inFlight: Batch[] = []
    let read = from
    let committed = from
    let isExhausted = false
    for (;;) {
      while (!isExhausted && inFlight.length < this.embedder.concurrency) {
        const messages = await this.#read(read)
        const last = messages.at(-1)
        if (!last) isExhausted = true
        else {
          read = last.sequence
          inFlight.push(this.#start(messages))
        }
      }
      const next = inFlight.shift()
      if (!next) break
      const outcome = await next.outcome
      const result = await this.store.commit(this.link, active, outcome, isExhausted && inFlight.length === 0)
      committed = outcome.messages.at(-1)?.sequence ?? committed
      if (result !== 'more') return [result, committed]
    }
    return committed > from ? ['more', committed] : [await this.store.settle(this.link), committed]
  }

  #read(after: number): Promise<PendingMessage[]> {
    return this.db.query(
      readMessagesAfter(this.link.threadId, after, this.embedder.batchSize, MAX_BATCH_BYTES),
    )
  }

  #start(messages: PendingMessage[]): Batch {
    const outcome = embedBatch(this.embedder, messages, this.signal)
    // A batch may fail while an earlier one is still being committed; it is awaited, and told, in its turn.
    outcome.catch(() => {})
    return { outcome }
  }
}
