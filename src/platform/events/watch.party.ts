import type { Bus } from './bus.js'
import type { Gate, WatchedState } from './watch.kind.js'
import type { WatchTopic } from './watch.topic.js'
import type { Watcher } from './watcher.js'

/** Watchers with equal passes: checked as one, and paused together while their access is in doubt. */
export class WatchParty<Pass> {
  /** each with its topic */
  readonly members = new Map<Watcher<WatchedState>, WatchTopic>()
  isPaused = false
  readonly #leaves: readonly (() => void)[]

  constructor(
    readonly pass: Pass,
    gate: Gate<Pass>,
    bus: Bus,
    askForCheck: (party: WatchParty<Pass>) => void,
  ) {
    const pause = () => {
      this.isPaused = true
      askForCheck(this)
    }
    this.#leaves = gate.topicsOf(pass).map((topic) => bus.subscribe(topic, pause))
  }

  /** The pass is valid. */
  release(): void {
    if (!this.isPaused) return
    this.isPaused = false
    for (const watcher of this.members.keys()) watcher.wake()
  }

  refuse(error: Error): void {
    for (const [watcher, { kind, subject }] of this.members)
      watcher.fail(kind.refusal?.(error, subject) ?? error)
  }

  close(): void {
    for (const leave of this.#leaves) leave()
  }
}
