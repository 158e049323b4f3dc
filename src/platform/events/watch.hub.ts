import { isUnavailable } from '../database/database.errors.js'
import type { Bus } from './bus.js'
import { byKind, groupBy, look } from './watch.groups.js'
import type { Gate, Subject, WatchedState, WatchKind } from './watch.kind.js'
import { WatchParty } from './watch.party.js'
import { WatchTopic } from './watch.topic.js'
import { type Seat, Watcher } from './watcher.js'

// A change of access takes effect within three seconds. The jitter keeps nodes that start together from polling together.
const ROUND_MS = 2_400
const JITTER_MS = 400
// A database outage shorter than this ends no subscription. Until it answers, nothing is sent.
const PATIENCE_MS = 8_000

type Kind = WatchKind<Subject, WatchedState>
type Newcomer = [watcher: Watcher<WatchedState>, topic: WatchTopic]

/**
 * All subscriptions of this process. A round checks all passes at the gate in one statement and reads all topics of a
 * kind in another, however many subscribers there are; between rounds, changes arrive by the bus. The current state that a
 * new subscriber starts with is read separately, shared by those that join at the same time.
 */
export class WatchHub<Pass> {
  readonly #topics = new Map<Kind, Map<string, WatchTopic>>()
  readonly #parties = new Map<string, WatchParty<Pass>>()
  #newcomers: Newcomer[] = []
  /** passes to check before the next round */
  readonly #suspects = new Set<WatchParty<Pass>>()
  /** topics to read before the next round */
  readonly #early = new Set<WatchTopic>()
  #nextRoundAt = Number.POSITIVE_INFINITY
  #isAtWork = false
  #failingSince: number | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(
    private readonly bus: Bus,
    private readonly gate: Gate<Pass>,
  ) {}

  /** Joins when its first row is requested. After an error the iterator has ended. */
  watch<S extends Subject, Row extends WatchedState>(
    kind: WatchKind<S, Row>,
    subject: S,
    pass: Pass,
  ): AsyncIterableIterator<Row> {
    const known = kind as unknown as Kind
    const watcher: AsyncIterableIterator<WatchedState> = new Watcher(known, (joining) =>
      this.#join(known, subject, pass, joining),
    )
    return watcher as AsyncIterableIterator<Row>
  }

  #join(kind: Kind, subject: Subject, pass: Pass, watcher: Watcher<WatchedState>): Seat {
    const topic = this.#topicOf(kind, subject)
    const key = this.gate.keyOf(pass)
    const party = this.#partyOf(key, pass)
    topic.watchers.add(watcher)
    party.members.set(watcher, topic)
    this.#newcomers.push([watcher, topic])
    this.#suspect(party)
    return {
      get isPaused() {
        return party.isPaused
      },
      leave: () => {
        topic.watchers.delete(watcher)
        party.members.delete(watcher)
        if (topic.watchers.size === 0) this.#drop(topic)
        if (party.members.size === 0) this.#dismiss(key, party)
      },
    }
  }

  #suspect(party: WatchParty<Pass>): void {
    this.#suspects.add(party)
    this.#askToWork()
  }

  #topicOf(kind: Kind, subject: Subject): WatchTopic {
    const topics = this.#topics.get(kind) ?? new Map<string, WatchTopic>()
    this.#topics.set(kind, topics)
    const topic =
      topics.get(subject.id) ?? new WatchTopic(kind, subject, this.bus, (early) => this.#lookEarly(early))
    topics.set(subject.id, topic)
    if (this.#nextRoundAt === Number.POSITIVE_INFINITY) this.#planRound()
    return topic
  }

  #drop(topic: WatchTopic): void {
    const topics = this.#topics.get(topic.kind)
    if (topics?.get(topic.subject.id) !== topic) return
    topics.delete(topic.subject.id)
    this.#early.delete(topic)
    topic.close()
    if (topics.size === 0) this.#topics.delete(topic.kind)
    if (this.#topics.size === 0) this.#nextRoundAt = Number.POSITIVE_INFINITY
    this.#setTimer()
  }

  #partyOf(key: string, pass: Pass): WatchParty<Pass> {
    const party =
      this.#parties.get(key) ?? new WatchParty(pass, this.gate, this.bus, (suspect) => this.#suspect(suspect))
    this.#parties.set(key, party)
    return party
  }

  #dismiss(key: string, party: WatchParty<Pass>): void {
    if (this.#parties.get(key) === party) this.#parties.delete(key)
    this.#suspects.delete(party)
    party.close()
  }

  #lookEarly(topic: WatchTopic): void {
    this.#early.add(topic)
    this.#setTimer()
  }

  #planRound(): void {
    this.#nextRoundAt = performance.now() + ROUND_MS + Math.random() * JITTER_MS
  }

  /** Runs one step at a time; requests during a step are served by the next one. */
  #askToWork(): void {
    if (this.#isAtWork) return
    this.#isAtWork = true
    // Requests made in the same turn of the event loop share the step.
    setImmediate(() => void this.#work())
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) await this.#step()
    this.#isAtWork = false
    this.#setTimer()
  }

  #hasWork(): boolean {
    return this.#suspects.size > 0 || this.#newcomers.length > 0 || this.#nextAt() <= performance.now()
  }

  /** The gate is checked first: who lost access before a row changed must not receive that change. */
  async #step(): Promise<void> {
    const now = performance.now()
    const isRound = this.#nextRoundAt <= now
    if (isRound) this.#planRound()
    const newcomers = this.#newcomers.splice(0)
    const topics = isRound ? this.#listTopics() : [...this.#early].filter(({ lookAt }) => lookAt <= now)
    for (const topic of topics) {
      topic.lookAt = Number.POSITIVE_INFINITY
      this.#early.delete(topic)
    }
    await this.#check([...(isRound ? this.#parties.values() : this.#suspects)])
    const watched = topics.filter(({ watchers, look }) => watchers.size > 0 && look !== null)
    await Promise.all([this.#welcome(newcomers), ...byKind(watched).map((group) => this.#lookAt(group))])
  }

  async #check(parties: readonly WatchParty<Pass>[]): Promise<void> {
    if (parties.length === 0) return
    for (const party of parties) this.#suspects.delete(party)
    try {
      const refused = await this.gate.refused(parties.map(({ pass }) => pass))
      this.#failingSince = null
      for (const party of parties) {
        const error = refused.get(this.gate.keyOf(party.pass))
        if (error) party.refuse(error)
        // Otherwise an event during the check put the pass in doubt again.
        else if (!this.#suspects.has(party)) party.release()
      }
    } catch (error) {
      const mayRecover = this.#mayRecover(error)
      for (const party of parties) {
        if (mayRecover) party.isPaused = true
        else party.refuse(toError(error))
      }
    }
  }

  async #lookAt(topics: readonly WatchTopic[]): Promise<void> {
    try {
      const found = await look(topics, (topic) => topic.look)
      for (const topic of topics) {
        topic.take(found.rows.get(topic.subject.id) ?? [], found.settledAt ?? null)
        finish(topic.watchers, found.gone.get(topic.subject.id))
      }
    } catch (error) {
      if (this.#mayRecover(error)) return
      for (const { watchers } of topics) for (const watcher of watchers) watcher.fail(toError(error))
    }
  }

  async #welcome(newcomers: readonly Newcomer[]): Promise<void> {
    const present = newcomers.filter(([watcher, topic]) => topic.watchers.has(watcher))
    const groups = groupBy(present, ([, topic]) => topic)
    await Promise.all(byKind(groups.keys()).map((topics) => this.#welcomeTo(topics, groups)))
  }

  async #welcomeTo(
    topics: readonly WatchTopic[],
    groups: ReadonlyMap<WatchTopic, readonly Newcomer[]>,
  ): Promise<void> {
    try {
      const found = await look(topics, ({ subject }) => ({ subject, sequence: -1, settledAt: null }))
      for (const topic of topics) {
        const watchers = (groups.get(topic) ?? []).map(([watcher]) => watcher)
        topic.welcome(watchers, found.rows.get(topic.subject.id) ?? [], found.settledAt ?? null)
        finish(watchers, found.gone.get(topic.subject.id))
      }
    } catch (error) {
      for (const topic of topics)
        for (const [watcher] of groups.get(topic) ?? []) watcher.fail(toError(error))
    }
  }

  #mayRecover(error: unknown): boolean {
    const now = performance.now()
    this.#failingSince ??= now
    return isUnavailable(error) && now < this.#failingSince + PATIENCE_MS
  }

  #listTopics(): WatchTopic[] {
    return [...this.#topics.values()].flatMap((topics) => [...topics.values()])
  }

  #nextAt(): number {
    return [...this.#early].reduce((first, { lookAt }) => Math.min(first, lookAt), this.#nextRoundAt)
  }

  #setTimer(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const at = this.#nextAt()
    if (at === Number.POSITIVE_INFINITY || this.#isAtWork) return
    this.#timer = setTimeout(() => this.#askToWork(), Math.max(1, at - performance.now()))
  }
}

function finish(watchers: Iterable<Watcher<WatchedState>>, error: Error | undefined): void {
  if (error) for (const watcher of watchers) watcher.finish(error)
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
