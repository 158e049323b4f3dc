import { setTimeout as wait } from 'node:timers/promises'
import {
  Backfill,
  type BackfillData,
  type BackfillState,
  type Client,
  isTerminal,
  SpaceBackfillProgress,
  type SpaceBackfillProgressData,
} from './import.documents.js'

/** Totals of all watched backfills. */
export interface BackfillTotals {
  backfills: number
  open: number
  /** ended in another state than COMPLETED */
  unfinished: number
  total: number
  processed: number
  embedded: number
  skipped: number
  failed: number
}

const SILENCE_MS = 1000
const ASKED_AT_ONCE = 100

/**
 * Follows the backfills of one space to their ends. Events are fast but may be lost, so backfills without events are read by
 * their ids.
 */
export class BackfillWatch {
  readonly #watched = new Map<string, BackfillState>()
  /** backfills that ended before they were watched */
  readonly #early = new Map<string, BackfillState>()
  readonly #open = new Set<string>()
  readonly #totals: BackfillTotals = {
    backfills: 0,
    open: 0,
    unfinished: 0,
    total: 0,
    processed: 0,
    embedded: 0,
    skipped: 0,
    failed: 0,
  }
  #changed = false
  #wake: () => void = () => undefined

  constructor(
    readonly client: Client,
    readonly spaceId: string,
    readonly silenceMs = SILENCE_MS,
  ) {}

  get totals(): Readonly<BackfillTotals> {
    return this.#totals
  }

  /** Runs `work` while subscribed to the space's events. Without them the watch still ends, only later; `onNoEvents` gets the reason. */
  async during<Result>(work: () => Promise<Result>, onNoEvents: (error: unknown) => void): Promise<Result> {
    const done = new AbortController()
    const listening = this.#listen(done.signal).catch(onNoEvents)
    try {
      return await work()
    } finally {
      done.abort()
      await listening
    }
  }

  /** Adds a backfill; false if it had already ended. */
  watch(id: string, state: BackfillState): boolean {
    const ended = isTerminal(state.status) && state.total > 0
    if (ended || this.#watched.has(id)) return false
    this.#totals.backfills += 1
    this.#open.add(id)
    this.#apply(id, state)
    const early = this.#early.get(id)
    if (early !== undefined) this.#apply(id, early)
    this.#early.delete(id)
    return true
  }

  /** Waits until every watched backfill has ended, or `signal` is aborted. */
  async finished(onProgress: () => void, signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#change()
    signal.addEventListener('abort', stop)
    while (this.#open.size > 0 && !signal.aborted) {
      onProgress()
      const changed = await this.#changeOrSilence()
      if (!changed && !signal.aborted) await this.#ask()
    }
    signal.removeEventListener('abort', stop)
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const variables = { spaceId: this.spaceId }
    const events = this.client.subscribe<SpaceBackfillProgressData>(SpaceBackfillProgress, variables, signal)
    for await (const event of events) this.#hear(event.spaceBackfillProgress)
  }

  #hear({ backfillId, ...state }: BackfillState & { backfillId: string }): void {
    if (this.#watched.has(backfillId)) this.#apply(backfillId, state)
    else if (isTerminal(state.status)) this.#early.set(backfillId, state)
    this.#change()
  }

  #change(): void {
    this.#changed = true
    this.#wake()
  }

  // Changes that nobody waited for count as well.
  async #changeOrSilence(): Promise<boolean> {
    const silence = new AbortController()
    const change = new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true)
    })
    const quiet = wait(this.silenceMs, false, { signal: silence.signal }).catch(() => false)
    const changed = this.#changed || (await Promise.race([change, quiet]))
    silence.abort()
    this.#changed = false
    return changed
  }

  async #ask(): Promise<void> {
    for (const id of [...this.#open].slice(0, ASKED_AT_ONCE)) {
      const { backfill } = await this.client.run<BackfillData>(Backfill, { id })
      // Those that were not read this time come first the next time.
      if (this.#open.delete(id)) this.#open.add(id)
      // Deleted with its space: there is nothing left to wait for.
      this.#apply(id, backfill ?? { ...this.#state(id), status: 'CANCELED' })
    }
  }

  #state(id: string): BackfillState {
    const none = { status: 'QUEUED', total: 0, processed: 0, embedded: 0, skipped: 0, failed: 0 } as const
    return this.#watched.get(id) ?? none
  }

  #apply(id: string, state: BackfillState): void {
    const before = this.#state(id)
    const stale = isTerminal(before.status) || state.processed < before.processed
    if (stale) return
    for (const field of ['total', 'processed', 'embedded', 'skipped', 'failed'] as const) {
      this.#totals[field] += state[field] - before[field]
    }
    this.#watched.set(id, state)
    if (isTerminal(state.status)) this.#open.delete(id)
    if (state.status === 'FAILED' || state.status === 'CANCELED') this.#totals.unfinished += 1
    this.#totals.open = this.#open.size
  }
}
