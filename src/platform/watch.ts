import type { Bus } from './bus.js'

/** What to watch: rows that change, each known by a key and a number that rises with every change. */
export interface WatchOptions<Row> {
  bus: Bus
  topic: string
  /**
   * The rows as they stand. Asked first, and again whenever the bus was silent; an error ends the watch with it. A row
   * that is left out may be forgotten after a minute: later looks show it only once it has changed.
   */
  read(): Promise<Row[]>
  /** A row from an event's payload; null when the payload is not one. It then says to look again, after `lookMs`. */
  receive(payload: unknown): Row | null
  keyOf(row: Row): string
  sequenceOf(row: Row): number
  /** After this row the watch ends. */
  isLast(row: Row): boolean
  /** On these topics it hears that its reader may have lost access: it then reads before it passes on anything more. */
  accessTopics?: readonly string[]
  /** Milliseconds between two rows of one key, at least. What changes in between is passed on once, as its newest. */
  minIntervalMs: number
  /** Milliseconds after which the rows are read again. */
  pollMs: number
  /** Milliseconds after an event without a row until the rows are read again; left out: such an event changes nothing. */
  lookMs?: number
}

/** Longer than an event is late. */
const FORGET_MS = 60_000

/**
 * Passes on the newest of each row, in the order of its sequence: joins the bus first, reads then, and reads again every
 * few seconds, so that no lost event leaves a client waiting. It holds one row a key, however slow its consumer is.
 */
export class Watch<Row> implements AsyncIterableIterator<Row> {
  /** to be passed on now */
  readonly #due = new Map<string, Row>()
  /** to be passed on once their keys are no longer recent */
  readonly #held = new Map<string, Row>()
  /** when each key was passed on whose next row must wait, oldest first */
  readonly #recent = new Map<string, number>()
  /** what was passed on last of each key, oldest first */
  readonly #sent = new Map<string, { sequence: number; at: number }>()
  #wake: (() => void) | null = null
  #leave: (() => void) | null = null
  #mustRead = false
  #nextReadAt = Number.NEGATIVE_INFINITY
  #ended = false

  constructor(private readonly options: WatchOptions<Row>) {}

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Row, undefined>> {
    this.#leave ??= this.#join()
    while (!this.#ended) {
      if (this.#mustRead || performance.now() >= this.#nextReadAt) await this.#read()
      if (this.#mustRead) continue
      const row = this.#takeDue()
      if (row) return { value: row, done: false }
      if (!this.#ended) await this.#sleep()
    }
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<Row, undefined>> {
    this.#end()
    return { value: undefined, done: true }
  }

  #join(): () => void {
    const { bus, topic, accessTopics = [] } = this.options
    const leaves = [
      bus.subscribe(topic, (payload) => this.#receive(payload)),
      ...accessTopics.map((each) => bus.subscribe(each, () => this.#requireRead())),
    ]
    return () => {
      for (const leave of leaves) leave()
    }
  }

  #requireRead(): void {
    this.#mustRead = true
    this.#wake?.()
  }

  async #read(): Promise<void> {
    this.#mustRead = false
    // Set before the look: an event that comes while the rows are read asks for one more.
    this.#nextReadAt = performance.now() + this.options.pollMs
    try {
      const rows = await this.options.read()
      for (const row of rows) this.#offer(row)
      this.#forget(rows)
    } catch (error) {
      this.#end()
      throw error
    }
  }

  #receive(payload: unknown): void {
    const row = this.options.receive(payload)
    if (row) this.#offer(row)
    else this.#lookSoon()
  }

  #lookSoon(): void {
    const { lookMs } = this.options
    if (lookMs === undefined) return
    this.#nextReadAt = Math.min(this.#nextReadAt, performance.now() + lookMs)
    this.#wake?.()
  }

  #offer(row: Row): void {
    const { keyOf, sequenceOf } = this.options
    const key = keyOf(row)
    const pending = this.#due.get(key) ?? this.#held.get(key)
    const known = Math.max(this.#sent.get(key)?.sequence ?? 0, pending ? sequenceOf(pending) : 0)
    if (sequenceOf(row) <= known) return
    const queue = this.#recent.has(key) ? this.#held : this.#due
    queue.set(key, row)
    this.#wake?.()
  }

  #takeDue(): Row | null {
    if (this.#ended) return null
    const now = performance.now()
    this.#release(now)
    const [next] = this.#due
    if (!next) return null
    const [key, row] = next
    this.#due.delete(key)
    this.#recent.set(key, now)
    this.#sent.delete(key)
    this.#sent.set(key, { sequence: this.options.sequenceOf(row), at: now })
    if (this.options.isLast(row)) this.#end()
    return row
  }

  #release(now: number): void {
    for (const [key, at] of this.#recent) {
      if (now < at + this.options.minIntervalMs) return
      this.#recent.delete(key)
      const row = this.#held.get(key)
      if (row === undefined) continue
      this.#held.delete(key)
      this.#due.set(key, row)
    }
  }

  /** What is read again and again is not passed on again; what is not need not be remembered. */
  #forget(rows: readonly Row[]): void {
    const read = new Set(rows.map(this.options.keyOf))
    const until = performance.now() - FORGET_MS
    for (const [key, { at }] of this.#sent) {
      if (at > until) return
      if (!read.has(key)) this.#sent.delete(key)
    }
  }

  #sleep(): Promise<void> {
    const until = Math.min(this.#nextReadAt, this.#nextRelease())
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), Math.max(0, until - performance.now()))
      this.#wake = () => {
        this.#wake = null
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #nextRelease(): number {
    for (const [key, at] of this.#recent) if (this.#held.has(key)) return at + this.options.minIntervalMs
    return Number.POSITIVE_INFINITY
  }

  #end(): void {
    this.#ended = true
    this.#leave?.()
    this.#leave = null
    this.#wake?.()
  }
}
