import { type BatchOutcome, interruptedBy, joinOutcomes } from './batch.outcome.js'
import type { PendingMessage } from './embedding.sql.js'

interface Batch {
  outcome: Promise<BatchOutcome>
  /** null: still at the embedder */
  settled: BatchOutcome | null
}

export interface Ahead {
  /** messages after a sequence; none: no more are to be read */
  read(after: number): Promise<PendingMessage[]>
  embed(messages: PendingMessage[]): Promise<BatchOutcome>
  /** batches that are read and not yet taken */
  window: number
}

// A commit of this many vectors takes as long for each as a larger one, and is short enough for who waits for its locks.
const MOST_VECTORS = 1_024

/**
 * Reads a thread's messages and has them embedded ahead of what is committed, so that neither the reading nor the
 * embedder waits for a commit. Gives the batches in their order, those that are ready together as one.
 */
export class ReadAhead {
  readonly #batches: Batch[] = []
  #page: Promise<void> | null = null
  #isExhausted = false
  #failure: unknown = null

  constructor(
    private readonly ahead: Ahead,
    private through: number,
  ) {}

  /** Nothing is left to take. */
  get isDone(): boolean {
    return this.#isExhausted && this.#batches.length === 0
  }

  /** Waits for the first batch; null when nothing is left. */
  async next(): Promise<BatchOutcome | null> {
    this.#fill()
    if (this.#batches.length === 0) await this.#page
    const [first] = this.#batches
    if (!first) {
      if (this.#failure) throw this.#failure
      return null
    }
    await first.outcome
    const ready = this.#takeReady()
    this.#fill()
    // Whether anything follows decides what the commit does.
    if (this.#batches.length === 0) await this.#page
    return joinOutcomes(ready)
  }

  #takeReady(): BatchOutcome[] {
    const ready: BatchOutcome[] = []
    let vectors = 0
    for (let next = this.#batches[0]; next?.settled; next = this.#batches[0]) {
      vectors += next.settled.vectors.length + next.settled.copies.length
      if (ready.length > 0 && vectors > MOST_VECTORS) break
      ready.push(next.settled)
      this.#batches.shift()
      if (next.settled.interruption) break
    }
    return ready
  }

  #fill(): void {
    const isFull = this.#batches.length >= this.ahead.window
    if (this.#page || this.#isExhausted || isFull) return
    this.#page = this.#readPage()
      .catch((error: unknown) => {
        this.#isExhausted = true
        this.#failure = error
      })
      .then(() => {
        this.#page = null
        this.#fill()
      })
  }

  async #readPage(): Promise<void> {
    const messages = await this.ahead.read(this.through)
    const last = messages.at(-1)
    if (!last) {
      this.#isExhausted = true
      return
    }
    this.through = last.sequence
    const batch: Batch = { outcome: this.ahead.embed(messages).catch(interruptedBy), settled: null }
    batch.outcome = batch.outcome.then((settled) => {
      batch.settled = settled
      return settled
    })
    this.#batches.push(batch)
  }
}
