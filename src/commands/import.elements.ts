import { jsonParser, type Token } from 'stream-json/core/parser.js'
import { streamArray } from 'stream-json/core/streamers/stream-array.js'
import { formatBound } from './import.lines.js'

/** An element of a top-level JSON array. */
export interface Element {
  readonly number: number
  readonly value: unknown
}

/** The array is broken: what follows cannot be told apart from what is inside it, so reading ends. */
export class BrokenArrayError extends Error {
  override readonly name = 'BrokenArrayError'

  constructor(
    /** the element that was being read, from 1 */
    readonly element: number,
    reason: string,
  ) {
    super(`${reason}; the rest of the file cannot be read`)
  }
}

const NEWLINE = 0x0a

/** Reads a JSON array element by element; holds one element of at most `maxBytes`. */
export async function* splitElements(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Element> {
  const parser = new ArrayParser()
  let elementStart = 0
  for await (const chunk of source) {
    for (const value of parser.parse(chunk)) {
      elementStart = parser.offset
      yield { number: parser.taken, value }
    }
    if (parser.offset - elementStart > maxBytes) {
      throw new BrokenArrayError(parser.taken + 1, `the element is longer than ${formatBound(maxBytes)}`)
    }
  }
  if (!parser.closed) throw new BrokenArrayError(parser.taken + 1, 'the file ends inside its array')
}

class ArrayParser {
  /** elements so far */
  taken = 0
  /** bytes of the chunks so far */
  offset = 0
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #tokens = jsonParser({ streamValues: false })
  readonly #items = streamArray()
  #line = 1
  #depth = 0
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  *parse(chunk: Uint8Array): Generator<unknown> {
    const text = this.#decode(chunk)
    // A parser that fails gives nothing of what it was handed, and does not say where it stopped. An element that is
    // read ends at a brace, so pieces that end there lose none, and tell the place.
    for (let start = 0; start < text.length; ) {
      const brace = text.indexOf('}', start)
      const end = brace === -1 ? text.length : brace + 1
      for (const token of this.#tokenize(text.slice(start, end), () => text.slice(0, start))) {
        yield* this.#take(token)
      }
      start = end
    }
    this.offset += chunk.length
    this.#line += countLines(chunk)
  }

  *#take(token: Token): Generator<unknown> {
    if (token.name === 'startObject' || token.name === 'startArray') this.#depth += 1
    if (token.name === 'endObject' || token.name === 'endArray') this.#depth -= 1
    if (this.#depth === 0) this.#closed = true
    const item = this.#items(token)
    if (typeof item !== 'object' || !('key' in item)) return
    this.taken += 1
    yield item.value
  }

  #decode(chunk: Uint8Array): string {
    try {
      return this.#decoder.decode(chunk, { stream: true })
    } catch {
      throw this.#broken('not valid UTF-8', '')
    }
  }

  #tokenize(piece: string, before: () => string): readonly Token[] {
    try {
      const tokens = this.#tokens(piece)
      return typeof tokens === 'object' ? tokens.values : []
    } catch (error) {
      throw this.#broken(`broken JSON (${explain(error)})`, before())
    }
  }

  #broken(reason: string, before: string): BrokenArrayError {
    const bytes = Buffer.from(before)
    const place = `near line ${this.#line + countLines(bytes)}, byte ${this.offset + bytes.length + 1}`
    return new BrokenArrayError(this.taken + 1, `${reason} ${place}`)
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1
  return lines
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^Parser (cannot parse input: )?/, '') : 'unreadable'
}
