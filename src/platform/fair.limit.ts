/**
 * At most so many pieces of work at once. What waits goes on by turns, one piece of each key after the other, so that
 * a key with much to do does not hold up one with little.
 */
export class FairLimit {
  /** Whose turn is next stands first. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #free: number

  constructor(most: number) {
    this.#free = most
  }

  /** `signal` ends the wait for the turn, with its reason; null: nothing does. Work that has begun goes on. */
  async run<Result>(key: string, signal: AbortSignal | null, work: () => Promise<Result>): Promise<Result> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(key, signal)
    try {
      return await work()
    } finally {
      this.#pass()
    }
  }

  #turn(key: string, signal: AbortSignal | null): Promise<void> {
    const queue = this.#waiting.get(key) ?? []
    this.#waiting.set(key, queue)
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        queue.splice(queue.indexOf(begin), 1)
        if (queue.length === 0) this.#waiting.delete(key)
        reject(signal?.reason)
      }
      queue.push(begin)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Gives the place to the next in turn. */
  #pass(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free++
      return
    }
    const [key, queue] = next
    const begin = queue.shift()
    this.#waiting.delete(key)
    if (queue.length > 0) this.#waiting.set(key, queue)
    begin?.()
  }
}
