/** Counts uses per key, up to a limit for each. */
export class Tally {
  readonly #counts = new Map<string, number>()

  constructor(readonly limit: number) {}

  /** False, without counting, if the key is at its limit. */
  take(key: string): boolean {
    const count = this.#counts.get(key) ?? 0
    if (count >= this.limit) return false
    this.#counts.set(key, count + 1)
    return true
  }

  giveBack(key: string): void {
    const left = (this.#counts.get(key) ?? 0) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}
