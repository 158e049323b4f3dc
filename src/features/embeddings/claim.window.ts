import type { DuePosition } from './claim.sql.js'

/**
 * Where a worker's looks for due threads begin: after the last that it took, so that a look reads no more than it takes, however
 * many had work before. What stands before that again (the thread of a worker that died, one that was locked for a
 * moment) is found by a look at all of them, once in the length of a lease.
 */
export class ClaimWindow {
  #after: DuePosition | null = null
  #wholeAt = Number.NEGATIVE_INFINITY

  constructor(private readonly leaseMs: number) {}

  /** null: look at all */
  get after(): DuePosition | null {
    return this.#after
  }

  /** Called before a look. @returns where it begins */
  begin(): DuePosition | null {
    if (performance.now() - this.#wholeAt < this.leaseMs) return this.#after
    this.#wholeAt = performance.now()
    return null
  }

  /** `claimed` stands in the order of the look. A look at all of them that found as many as it might has more to find. */
  advance(from: DuePosition | null, claimed: readonly DuePosition[], limit: number): void {
    const last = claimed.at(-1)
    if (!last) return
    const isStraggler =
      from === null && claimed.length < limit && this.#after && last.nextAttemptAt < this.#after.nextAttemptAt
    if (!isStraggler) this.#after = last
  }
}
