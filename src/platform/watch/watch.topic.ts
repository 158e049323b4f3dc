import type { Bus } from '../bus.js'
import type { Look, Subject, WatchKind } from './watch.kind.js'
import type { Watcher } from './watcher.js'

// Longer than an event is late.
const TOLD_MS = 60_000

/**
 * What all watchers of one thing share: one listener on the bus, and what was offered last of each row, so that the order
 * of sequences is kept, and the interval between them, once for all.
 */
export class WatchTopic<Row = unknown> {
  readonly watchers = new Set<Watcher<Row>>()
  /** when it is to be looked at, before the next round */
  lookAt = Number.POSITIVE_INFINITY
  #isRead = false
  #settledAt: Date | null = null
  #newest = -1
  /** what was offered last of each key, oldest first */
  readonly #known = new Map<string, { sequence: number; at: number }>()
  /** to be offered once their keys are no longer recent */
  readonly #held = new Map<string, Row>()
  /** when each key was offered whose next row must wait, oldest first */
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

  /** null: its first watchers have not been told yet how it stands, and no change can be missed before that. */
  get look(): Look<Subject> | null {
    if (!this.#isRead) return null
    return { subject: this.subject, sequence: this.#newest, settledAt: this.#settledAt }
  }

  /** Tells newcomers how it stands. The others have been told, or are told at the next look. */
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

  /** What a look has found for all of its watchers. */
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
    if (this.#recent.has(key)) this.#held.set(key, row)
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
      const row = this.#held.get(key)
      if (row === undefined) continue
      this.#held.delete(key)
      this.#pass(key, row, now)
    }
  }

  /** For the first row that is held. */
  #wait(now: number): void {
    if (this.#timer || this.#held.size === 0) return
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
