import type { Bus } from './bus.js'
import type { Look, Subject, WatchedState, WatchKind } from './watch.kind.js'
import type { Watcher } from './watcher.js'

// Longer than the maximum delay of an event.
const TOLD_MS = 60_000
// Minimum between two states of one row. Of changes in between only the newest is sent.
const MIN_INTERVAL_MS = 100

/**
 * State shared by all watchers of one subject: the listener on the bus, and the last sequence of each row, so that order
 * and minimum interval are enforced once for all of them.
 */
export class WatchTopic<Row extends WatchedState = WatchedState> {
  readonly watchers = new Set<Watcher<Row>>()
  /** time of a read before the next round */
  lookAt = Number.POSITIVE_INFINITY
  #isRead = false
  #settledAt: Date | null = null
  #newest = -1
  /** last offered sequence of each row, by id, oldest first */
  readonly #known = new Map<string, { sequence: number; at: number }>()
  /** rows that wait for the minimum interval */
  readonly #delayed = new Map<string, Row>()
  /** when each row was last passed on, oldest first; only within the minimum interval */
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
    const isFirst = !this.#isRead
    this.#isRead = true
    this.#settledAt ??= settledAt
    const now = performance.now()
    const told = new Map<string, number>()
    for (const row of rows) {
      told.set(row.id, row.sequence)
      if (this.#known.has(row.id)) this.#offer(row, now)
      else if (isFirst) this.#remember(row, now)
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
    const known = this.#known.get(row.id)
    if (known && row.sequence <= known.sequence) {
      if (row.sequence === known.sequence) this.#remember(row, now)
      return
    }
    this.#remember(row, now)
    this.#release(now)
    if (this.#recent.has(row.id)) this.#delayed.set(row.id, row)
    else this.#pass(row, now)
    this.#wait(now)
  }

  #remember({ id, sequence }: Row, at: number): void {
    this.#newest = Math.max(this.#newest, sequence)
    this.#known.delete(id)
    this.#known.set(id, { sequence, at })
  }

  #pass(row: Row, now: number): void {
    this.#recent.set(row.id, now)
    for (const watcher of this.watchers) watcher.offer(row)
  }

  #release(now: number): void {
    for (const [id, at] of this.#recent) {
      if (now < at + MIN_INTERVAL_MS) return
      this.#recent.delete(id)
      const row = this.#delayed.get(id)
      if (row === undefined) continue
      this.#delayed.delete(id)
      this.#pass(row, now)
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
      Math.max(1, first + MIN_INTERVAL_MS - now),
    )
  }

  #forget(now: number): void {
    const { forgetMs } = this.kind
    if (forgetMs === undefined) return
    for (const [id, { at }] of this.#known) {
      if (at > now - forgetMs) return
      this.#known.delete(id)
    }
  }
}
