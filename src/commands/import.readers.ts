import { createReadStream } from 'node:fs'
import { type Conversation, ConversationError, toConversation } from './import.conversation.js'
import { BrokenArrayError, splitElements } from './import.elements.js'
import { recognise } from './import.formats.js'
import { splitLines } from './import.lines.js'

/** What could not be read: a line of JSON lines, or an element of an array, both counted from 1. */
export interface BadLine {
  readonly kind: 'bad'
  /** where, for messages to people: "export.jsonl:12" or "conversations.json: element 3" */
  readonly source: string
  readonly file: string
  readonly unit: 'line' | 'element'
  readonly position: number
  readonly reason: string
}

export interface ReadOptions {
  /** mixed into the ids that are made from content; see `toConversation` */
  namespace?: string
  /** bound of one line or element; default 64 MiB */
  maxBytes?: number
  /** told of every piece that was read from the file */
  onRead?: (bytes: number) => void
}

const MAX_BYTES = 64 * 1024 * 1024
const OPEN_BRACKET = 0x5b
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]
const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

/** Reads a file of conversations, whatever its format, one at a time; never more than asked for. */
export async function* readConversations(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<Conversation | BadLine> {
  const file = createReadStream(path)
  try {
    yield* parseConversations(file, path, options)
  } finally {
    file.destroy()
  }
}

/** The same over bytes from anywhere. `file` is the name to use in messages. */
export async function* parseConversations(
  source: AsyncIterable<Uint8Array>,
  file: string,
  { namespace = '', maxBytes = MAX_BYTES, onRead }: ReadOptions = {},
): AsyncGenerator<Conversation | BadLine> {
  const bytes = counted(source, onRead)[Symbol.asyncIterator]()
  const head = await readHead(bytes)
  const rest = continued(head.bytes, bytes)
  const reader = new Reader(file, head.isArray ? 'element' : 'line', namespace)
  yield* head.isArray ? reader.elements(rest, maxBytes) : reader.lines(rest, maxBytes)
}

class Reader {
  constructor(
    readonly file: string,
    readonly unit: 'line' | 'element',
    readonly namespace: string,
  ) {}

  async *lines(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Conversation | BadLine> {
    let seen = false
    for await (const { number, text, reason } of splitLines(source, maxBytes)) {
      if (text === '') continue
      if (text === null) {
        yield this.bad(number, reason)
      } else if (text === '{' && !seen) {
        // Every one of its lines would be reported otherwise.
        yield this.bad(number, 'a JSON object over several lines: write one on each line, or a JSON array')
        return
      } else {
        yield this.conversation(number, () => JSON.parse(text))
      }
      seen = true
    }
  }

  async *elements(
    source: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): AsyncGenerator<Conversation | BadLine> {
    try {
      for await (const { number, value } of splitElements(source, maxBytes)) {
        yield this.conversation(number, () => value)
      }
    } catch (error) {
      if (!(error instanceof BrokenArrayError)) throw error
      yield this.bad(error.element, error.message)
    }
  }

  conversation(position: number, read: () => unknown): Conversation | BadLine {
    try {
      return toConversation(recognise(read()), this.namespace, this.source(position))
    } catch (error) {
      if (error instanceof ConversationError) return this.bad(position, error.message)
      if (error instanceof SyntaxError) return this.bad(position, `broken JSON (${error.message})`)
      throw error
    }
  }

  bad(position: number, reason: string): BadLine {
    return { kind: 'bad', source: this.source(position), file: this.file, unit: this.unit, position, reason }
  }

  source(position: number): string {
    return this.unit === 'line' ? `${this.file}:${position}` : `${this.file}: element ${position}`
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onRead: ReadOptions['onRead'],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onRead?.(chunk.length)
    yield chunk
  }
}

// The first character decides between an array and lines; it may stand behind a byte-order mark and blank lines.
async function readHead(
  bytes: AsyncIterator<Uint8Array>,
): Promise<{ bytes: Uint8Array[]; isArray: boolean }> {
  const chunks: Uint8Array[] = []
  let position = 0
  for (let next = await bytes.next(); !next.done; next = await bytes.next()) {
    chunks.push(next.value)
    for (const byte of next.value) {
      const skipped = WHITE_SPACE.has(byte) || byte === BYTE_ORDER_MARK[position]
      if (!skipped) return { bytes: chunks, isArray: byte === OPEN_BRACKET }
      position += 1
    }
  }
  return { bytes: chunks, isArray: false }
}

async function* continued(head: Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head
  yield* rest
}
