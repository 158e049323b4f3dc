import { Assembler } from 'stream-json/core/assembler.js'
import type { Token } from 'stream-json/core/parser.js'
import { isConversation } from './import.formats.js'

/**
 * Builds conversations from the tokens of a whole file, one at a time: the elements of an array, those under
 * `conversations` in an object, or the object itself.
 */
export class ElementCollector {
  /** elements so far */
  taken = 0
  /** the array or object has ended */
  isClosed = false
  #top: 'array' | 'object' | null = null
  #inList = false
  #key = ''
  #value: Assembler | null = null
  readonly #fields: Record<string, unknown> = {}
  /** for ShareGPT, where `conversations` contains the messages of a single one */
  readonly #turns: unknown[] = [];

  *take(token: Token): Generator<unknown> {
    if (this.#value !== null || this.#startsValue(token)) yield* this.#build(token)
    else if (token.name === 'keyValue') this.#key = token.value
    else if (token.name === 'endArray' || token.name === 'endObject') yield* this.#end()
    else this.#open(token)
  }

  #startsValue({ name }: Token): boolean {
    if (this.#top === null || name === 'keyValue' || name.startsWith('end')) return false
    return this.#inList || name !== 'startArray' || this.#key !== 'conversations'
  }

  #open({ name }: Token): void {
    this.#top ??= name === 'startArray' ? 'array' : 'object'
    this.#inList = name === 'startArray'
  }

  *#build(token: Token): Generator<unknown> {
    this.#value ??= new Assembler()
    this.#value.consume(token)
    if (!this.#value.done) return
    const { current } = this.#value
    this.#value = null
    if (!this.#inList) this.#fields[this.#key] = current
    else if (this.#top === 'array' || isConversation(current)) yield this.#give(current)
    else this.#turns.push(current)
  }

  *#end(): Generator<unknown> {
    if (this.#inList && this.#top === 'object') {
      this.#inList = false
      return
    }
    this.isClosed = true
    if (this.#top === 'array') return
    if (this.taken > 0) for (const stray of this.#turns) yield this.#give(stray)
    else yield this.#give({ ...this.#fields, ...(this.#turns.length > 0 && { conversations: this.#turns }) })
  }

  #give(value: unknown): unknown {
    this.taken += 1
    return value
  }
}
