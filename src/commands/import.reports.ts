import { cutText } from '../platform/text.js'

// With their places, of each kind.
const SHOWN = 3
const MOST_KINDS = 200
const QUOTED_CHARACTERS = 60

/** Says what is wrong with lines of files, and counts what is said often instead of repeating it. */
export class Reports {
  readonly #kinds = new Map<string, { first: string; count: number }>()

  constructor(private readonly print: (line: string) => void) {}

  /** Reasons are of one kind when they differ in numbers and in what they quote. */
  add(source: string, reason: string): void {
    const kind = reason.replace(/"(?:[^"\\]|\\.)*"|\(.*\)|\d+/gs, '')
    const key = this.#kinds.has(kind) || this.#kinds.size < MOST_KINDS ? kind : ''
    const seen = this.#kinds.get(key) ?? {
      first: `${source}: ${cutText(reason, QUOTED_CHARACTERS)}`,
      count: 0,
    }
    seen.count += 1
    this.#kinds.set(key, seen)
    if (seen.count <= SHOWN) this.print(`${source}: ${reason}`)
  }

  /** Says how many of each kind were not shown. */
  finish(): void {
    for (const { first, count } of this.#kinds.values()) {
      if (count > SHOWN) this.print(`… and ${(count - SHOWN).toLocaleString('en')} more like ${first}`)
    }
  }
}
