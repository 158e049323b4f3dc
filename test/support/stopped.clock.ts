import { vi } from 'vitest'

/**
 * Stops the clock by which watchers of this process look by themselves, while events, timers and sockets go on: what still
 * comes was told by an event, and what a rule gives seconds for happens when the test has let them pass.
 */
export class StoppedClock implements Disposable {
  #now = performance.now()
  readonly #clock = vi.spyOn(performance, 'now').mockImplementation(() => this.#now)

  pass(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** It goes on. */
  [Symbol.dispose](): void {
    this.#clock.mockRestore()
  }
}
