/**
 * Limits concurrent work. Waiting work runs round-robin by key, so that a key with much work does not delay one with
 * little.
 */
export class FairLimit {
  /** The key whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #free: number

  constructor(most: number) {
    this.#free = most
  }

  /** Aborting `signal` ends the wait with its reason; null: cannot be aborted. Work that has started is not stopped. */
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

  /** Hands the free slot to the next key. */
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

/** At most so many pieces of work at once of each key. What waits goes on in its order. */
export class KeyedLimit {
  readonly #limits = new Map<string, { limit: FairLimit; pieces: number }>()

  constructor(private readonly most: number) {}

  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const own = this.#limits.get(key) ?? { limit: new FairLimit(this.most), pieces: 0 }
    this.#limits.set(key, own)
    own.pieces++
    try {
      return await own.limit.run(key, null, work)
    } finally {
      own.pieces--
      if (own.pieces === 0) this.#limits.delete(key)
    }
  }
}
