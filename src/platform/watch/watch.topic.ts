import type { Bus } from '../bus.js'
import type { Look, Subject, WatchKind } from './watch.kind.js'
import type { Watcher } from './watcher.js'

// Longer than the maximum delay of an event.
const TOLD_MS = 60_000

/**
 * State shared by all watchers of one subject: the listener on the bus, and the last sequence of each row, so that order
 * and minimum interval are enforced once for all of them.
 */
export class WatchTopic<Row = unknown> {
  readonly watchers = new Set<Watcher<Row>>()
  /** time of a read before the next round */
  lookAt = Number.POSITIVE_INFINITY
  #isRead = false
  #settledAt: Date | null = null
  #newest = -1
  /** last offered sequence of each key, oldest first */
  readonly #known = new Map<string, { sequence: number; at: number }>()
  /** rows that wait for the minimum interval of their keys */
  readonly #delayed = new Map<string, Row>()
  /** when a row of each key was last passed on, oldest first; only within the minimum interval */
  readonly #recent = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null
  readonly #leave: () => void

  constructor(
    readonly kind: WatchKind<Subject, Row>,
    readonly subject: Subject,
    bus: Bus,
    private readonly askForLook: (topic: WatchTopic) => void,
  ) {
    this.#leave = bus.subscribe(kind.topicOf(subject), (payload) => this.#receive(payload))
  }

  /** null: the initial read is not done yet, so no change can be missed. */
  get look(): Look<Subject> | null {
    if (!this.#isRead) return null
    return { subject: this.subject, sequence: this.#newest, settledAt: this.#settledAt }
  }

  /** Sends the current state to new watchers. The others have it, or get it with the next read. */
  welcome(newcomers: readonly Watcher<Row>[], rows: readonly Row[], settledAt: Date | null): void {
    const { keyOf, sequenceOf } = this.kind
    const isFirst = !this.#isRead
    this.#isRead = true
    this.#settledAt ??= settledAt
    const now = performance.now()
    const told = new Map<string, number>()
    for (const row of rows) {
      const key = keyOf(row)
      told.set(key, sequenceOf(row))
      if (this.#known.has(key)) this.#offer(row, now)
      else if (isFirst) this.#remember(key, sequenceOf(row), now)
    }
    for (const newcomer of newcomers) newcomer.welcome(rows, told, now + TOLD_MS)
  }

  /** Processes a read for all watchers. */
  take(rows: readonly Row[], settledAt: Date | null): void {
    const now = performance.now()
    for (const row of rows) this.#offer(row, now)
    if (settledAt && (!this.#settledAt || settledAt > this.#settledAt)) this.#settledAt = settledAt
    this.#forget(now)
  }

  close(): void {
    this.#leave()
    if (this.#timer) clearTimeout(this.#timer)
  }

  #receive(payload: unknown): void {
    const row = this.kind.receive(payload, this.subject)
    const { lookMs } = this.kind
    if (row !== null) this.#offer(row, performance.now())
    if (row !== null || lookMs === undefined) return
    this.lookAt = Math.min(this.lookAt, performance.now() + lookMs)
    this.askForLook(this as unknown as WatchTopic)
  }

  #offer(row: Row, now: number): void {
    const key = this.kind.keyOf(row)
    const sequence = this.kind.sequenceOf(row)
    const known = this.#known.get(key)
    if (known && sequence <= known.sequence) {
      if (sequence === known.sequence) this.#remember(key, sequence, now)
      return
    }
    this.#remember(key, sequence, now)
    this.#release(now)
    if (this.#recent.has(key)) this.#delayed.set(key, row)
    else this.#pass(key, row, now)
    this.#wait(now)
  }

  #remember(key: string, sequence: number, at: number): void {
    this.#newest = Math.max(this.#newest, sequence)
    this.#known.delete(key)
    this.#known.set(key, { sequence, at })
  }

  #pass(key: string, row: Row, now: number): void {
    this.#recent.set(key, now)
    for (const watcher of this.watchers) watcher.offer(row)
  }

  #release(now: number): void {
    for (const [key, at] of this.#recent) {
      if (now < at + this.kind.minIntervalMs) return
      this.#recent.delete(key)
      const row = this.#delayed.get(key)
      if (row === undefined) continue
      this.#delayed.delete(key)
      this.#pass(key, row, now)
    }
  }

  /** Waits for the first delayed row. */
  #wait(now: number): void {
    if (this.#timer || this.#delayed.size === 0) return
    const [first = now] = this.#recent.values()
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#release(performance.now())
        this.#wait(performance.now())
      },
      Math.max(1, first + this.kind.minIntervalMs - now),
    )
  }

  #forget(now: number): void {
    const { forgetMs } = this.kind
    if (forgetMs === undefined) return
    for (const [key, { at }] of this.#known) {
      if (at > now - forgetMs) return
      this.#known.delete(key)
    }
  }
}
