import type { Subject, WatchedState, WatchKind } from './watch.kind.js'

/** A watcher's membership in its topic. */
export interface Seat {
  /** Its access is in doubt: nothing is passed on until it has been checked. */
  readonly isPaused: boolean
  leave(): void
}

/** The sequences of the initial rows, by id, shared by all watchers that joined together. */
export type Told = ReadonlyMap<string, number>

/**
 * One subscriber: yields the newest version of each row in the order of its sequence, and buffers one version of each, however
 * slow its consumer is. It never reads the database: its topic delivers new rows.
 */
export class Watcher<Row extends WatchedState> implements AsyncIterableIterator<Row> {
  readonly #due = new Map<string, Row>()
  #told: { sequences: Told; until: number } | null = null
  #seat: Seat | null = null
  #hasJoined = false
  #isWelcome = false
  /** the error that ends the subscription: immediately, or after the buffered rows */
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

  /** The current rows, which are yielded first. Rows delivered since the watcher joined may be newer. */
  welcome(rows: readonly Row[], sequences: Told, until: number): void {
    for (const row of rows) this.offer(row)
    this.#told = { sequences, until }
    this.#isWelcome = true
    this.wake()
  }

  /** A row newer than all that its topic has delivered before. */
  offer(row: Row): void {
    const { id, sequence } = row
    if (this.#told && performance.now() > this.#told.until) this.#told = null
    if (sequence <= (this.#told?.sequences.get(id) ?? -1)) return
    if (sequence <= (this.#due.get(id)?.sequence ?? -1)) return
    this.#due.set(id, row)
    this.wake()
  }

  /** Ends immediately with an error. */
  fail(cause: Error): void {
    this.#error = { cause, isUrgent: true }
    this.#leave()
    this.wake()
  }

  /** Ends with an error after the buffered rows. */
  finish(cause: Error): void {
    this.#error ??= { cause, isUrgent: false }
    this.wake()
  }

  wake(): void {
    this.#wake?.()
    this.#wake = null
  }

  #takeDue(): Row | undefined {
    if (!this.#isWelcome || this.#seat?.isPaused) return undefined
    const [next] = this.#due
    if (!next) return undefined
    const [id, row] = next
    this.#due.delete(id)
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
