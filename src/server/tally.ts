/** How much each of many holds of what one of them may hold. */
export class Tally {
  readonly #held = new Map<string, number>()

  constructor(readonly limit: number) {}

  /** False, and nothing taken, when the key holds as many as it may. */
  take(key: string): boolean {
    const held = this.#held.get(key) ?? 0
    if (held >= this.limit) return false
    this.#held.set(key, held + 1)
    return true
  }

  giveBack(key: string): void {
    const left = (this.#held.get(key) ?? 0) - 1
    if (left > 0) this.#held.set(key, left)
    else this.#held.delete(key)
  }
}
