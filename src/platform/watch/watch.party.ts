import type { Bus } from '../bus.js'
import type { Gate } from './watch.kind.js'
import type { WatchTopic } from './watch.topic.js'
import type { Watcher } from './watcher.js'

/** Watchers with equal passes: they are checked as one, and held back together while their access may be lost. */
export class WatchParty<Pass> {
  /** with what each watches */
  readonly members = new Map<Watcher<unknown>, WatchTopic>()
  isHeld = false
  readonly #leaves: readonly (() => void)[]

  constructor(
    readonly pass: Pass,
    gate: Gate<Pass>,
    bus: Bus,
    askForCheck: (party: WatchParty<Pass>) => void,
  ) {
    const hold = () => {
      this.isHeld = true
      askForCheck(this)
    }
    this.#leaves = gate.topicsOf(pass).map((topic) => bus.subscribe(topic, hold))
  }

  /** The pass is good. */
  release(): void {
    if (!this.isHeld) return
    this.isHeld = false
    for (const watcher of this.members.keys()) watcher.wake()
  }

  refuse(error: Error): void {
    for (const [watcher, { kind, subject }] of this.members) watcher.fail(kind.refusal(error, subject))
  }

  close(): void {
    for (const leave of this.#leaves) leave()
  }
}
