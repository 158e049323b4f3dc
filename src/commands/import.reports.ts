import { cutText } from '../platform/text.js'

// Shown with their positions, per kind.
const SHOWN = 3
const MOST_KINDS = 200
const QUOTED_CHARACTERS = 60

/** Reports what is wrong with lines of files; repeated problems are counted instead of printed. */
export class Reports {
  readonly #kinds = new Map<string, { first: string; count: number }>()

  constructor(private readonly print: (line: string) => void) {}

  /** Reasons are of one kind if they differ only in numbers and quotes. */
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

  /** Prints how many of each kind were not shown. */
  finish(): void {
    for (const { first, count } of this.#kinds.values()) {
      if (count > SHOWN) this.print(`… and ${(count - SHOWN).toLocaleString('en')} more like ${first}`)
    }
  }
}
