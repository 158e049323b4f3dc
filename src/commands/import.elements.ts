import { jsonParser, type Token } from 'stream-json/core/parser.js'
import { formatBound } from './import.lines.js'
import { ElementCollector } from './import.tokens.js'

/** A conversation of a JSON file that is one array or object. */
export interface Element {
  readonly number: number
  readonly value: unknown
}

/** The JSON is malformed: later elements cannot be told from nested values, so reading ends. */
export class BrokenJsonError extends Error {
  override readonly name = 'BrokenJsonError'

  constructor(
    /** the element being read, from 1 */
    readonly element: number,
    reason: string,
  ) {
    super(`${reason}; the rest of the file cannot be read`)
  }
}

const NEWLINE = 0x0a

/** Reads a JSON array, or an object, element by element; keeps one element of at most `maxBytes` in memory. */
export async function* splitElements(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Element> {
  const parser = new ElementParser()
  let elementStart = 0
  for await (const chunk of source) {
    for (const value of parser.parse(chunk)) {
      elementStart = parser.offset
      yield { number: parser.taken, value }
    }
    if (parser.offset - elementStart > maxBytes) {
      throw new BrokenJsonError(parser.taken + 1, `the element is longer than ${formatBound(maxBytes)}`)
    }
  }
  if (!parser.isClosed) throw new BrokenJsonError(parser.taken + 1, 'the file ends inside its JSON')
}

class ElementParser {
  /** bytes of the chunks so far */
  offset = 0
  readonly #collector = new ElementCollector()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #tokens = jsonParser({ streamValues: false })
  #line = 1

  get taken(): number {
    return this.#collector.taken
  }

  get isClosed(): boolean {
    return this.#collector.isClosed
  }

  *parse(chunk: Uint8Array): Generator<unknown> {
    const text = this.#decode(chunk)
    // A parser that fails discards what it was given, and does not report where it stopped. Elements end at a brace, so pieces
    // that end there lose none, and tell the position.
    for (let start = 0; start < text.length; ) {
      const brace = text.indexOf('}', start)
      const end = brace === -1 ? text.length : brace + 1
      for (const token of this.#tokenize(text.slice(start, end), () => text.slice(0, start))) {
        yield* this.#collector.take(token)
      }
      start = end
    }
    this.offset += chunk.length
    this.#line += countLines(chunk)
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

  #broken(reason: string, before: string): BrokenJsonError {
    const bytes = Buffer.from(before)
    const place = `near line ${this.#line + countLines(bytes)}, byte ${this.offset + bytes.length + 1}`
    return new BrokenJsonError(this.taken + 1, `${reason} ${place}`)
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
