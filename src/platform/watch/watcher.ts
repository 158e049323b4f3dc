import type { Subject, WatchKind } from './watch.kind.js'

/** A watcher's place at its topic. */
export interface Seat {
  /** Its access may be lost: nothing is passed on until that is known. */
  readonly isHeld: boolean
  leave(): void
}

/** The sequences of what a look told its newcomers, by key, shared by all of them. */
export type Told = ReadonlyMap<string, number>

/**
 * One subscriber: passes on the newest of each row, in the order of its sequence, and holds one row a key, however slow its
 * consumer is. It looks at nothing by itself: its topic hands it what is new.
 */
export class Watcher<Row> implements AsyncIterableIterator<Row> {
  readonly #due = new Map<string, Row>()
  #told: { sequences: Told; until: number } | null = null
  #seat: Seat | null = null
  #hasJoined = false
  #isWelcome = false
  /** what the watch ends with: at once, or after what is due */
  #error: { cause: Error; isUrgent: boolean } | null = null
  #isEnded = false
  #wake: (() => void) | null = null

  constructor(
    private readonly kind: WatchKind<Subject, Row>,
    private readonly join: (watcher: Watcher<Row>) => Seat,
  ) {}

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Row, undefined>> {
    if (!this.#hasJoined) this.#seat = this.join(this)
    this.#hasJoined = true
    while (!this.#isEnded) {
      if (this.#error && (this.#error.isUrgent || this.#due.size === 0)) throw this.#end(this.#error.cause)
      const row = this.#takeDue()
      if (row !== undefined) return { value: row, done: false }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<Row, undefined>> {
    this.#end(null)
    return { value: undefined, done: true }
  }

  /** The rows as they stand, which come before anything else. What was told since the watcher joined may be newer. */
  welcome(rows: readonly Row[], sequences: Told, until: number): void {
    for (const row of rows) this.offer(row)
    this.#told = { sequences, until }
    this.#isWelcome = true
    this.wake()
  }

  /** Something newer than its topic has offered before. */
  offer(row: Row): void {
    const key = this.kind.keyOf(row)
    const sequence = this.kind.sequenceOf(row)
    if (this.#told && performance.now() > this.#told.until) this.#told = null
    if (sequence <= (this.#told?.sequences.get(key) ?? -1)) return
    const pending = this.#due.get(key)
    if (pending !== undefined && sequence <= this.kind.sequenceOf(pending)) return
    this.#due.set(key, row)
    this.wake()
  }

  /** Ends with an error, and tells nothing more. */
  fail(cause: Error): void {
    this.#error = { cause, isUrgent: true }
    this.#leave()
    this.wake()
  }

  /** Ends with an error once what is due has been told. */
  finish(cause: Error): void {
    this.#error ??= { cause, isUrgent: false }
    this.wake()
  }

  wake(): void {
    this.#wake?.()
    this.#wake = null
  }

  #takeDue(): Row | undefined {
    if (!this.#isWelcome || this.#seat?.isHeld) return undefined
    const [next] = this.#due
    if (!next) return undefined
    const [key, row] = next
    this.#due.delete(key)
    if (this.kind.isLast(row)) this.#end(null)
    return row
  }

  #leave(): void {
    this.#seat?.leave()
    this.#seat = null
  }

  #end<Cause>(cause: Cause): Cause {
    this.#isEnded = true
    this.#hasJoined = true
    this.#leave()
    this.#due.clear()
    this.wake()
    return cause
  }
}
