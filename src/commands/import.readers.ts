import { createReadStream } from 'node:fs'
import { BackupReader, isBackupRecord } from './import.backup.js'
import { type Conversation, ConversationError, toConversation } from './import.conversation.js'
import { BrokenJsonError, splitElements } from './import.elements.js'
import { FileError, readHead, readUtf8 } from './import.file.js'
import { recognise, unwrap } from './import.formats.js'
import { splitLines } from './import.lines.js'

/** What could not be read: a line of JSON lines, or an element of an array, both counted from 1, or a whole file. */
export interface BadLine {
  readonly kind: 'bad'
  /** where, for messages: "export.jsonl:12" or "conversations.json: element 3" */
  readonly source: string
  readonly file: string
  readonly unit: Unit
  /** 0: the whole file */
  readonly position: number
  readonly reason: string
}

type Unit = 'line' | 'element' | 'file'

export interface ReadOptions {
  /** part of ids generated from content; see `toConversation` */
  namespace?: string
  /** limit of one line or element; default 64 MiB */
  maxBytes?: number
  /** called with every chunk that was read from the file */
  onRead?: (bytes: number) => void
}

const MAX_BYTES = 64 * 1024 * 1024

/** Reads a file of conversations in any format, one at a time, as they are consumed. */
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

/** The same for bytes from any source. `file` is the name to use in messages. */
export async function* parseConversations(
  source: AsyncIterable<Uint8Array>,
  file: string,
  { namespace = '', maxBytes = MAX_BYTES, onRead }: ReadOptions = {},
): AsyncGenerator<Conversation | BadLine> {
  const bytes = readUtf8(counted(source, onRead))
  try {
    const head = await readHead(bytes)
    const rest = continued(head.bytes, bytes)
    const reader = new Reader(file, head.isDocument ? 'element' : 'line', namespace)
    yield* head.isDocument ? reader.elements(rest, maxBytes) : reader.lines(rest, maxBytes)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    yield { kind: 'bad', source: file, file, unit: 'file', position: 0, reason: error.message }
  }
}

class Reader {
  readonly backup = new BackupReader()

  constructor(
    readonly file: string,
    readonly unit: Unit,
    readonly namespace: string,
  ) {}

  async *lines(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Conversation | BadLine> {
    let last = 0
    for await (const { number, text, reason } of splitLines(source, maxBytes)) {
      if (text === '') continue
      if (text === null) {
        yield this.bad(number, reason)
      } else {
        yield* this.line(number, text)
      }
      last = number
    }
    yield* this.finish(last)
  }

  /** A backup line is a part of its thread; any other line is a conversation, and ends the thread before it. */
  *line(position: number, text: string): Generator<Conversation | BadLine> {
    try {
      const value: unknown = JSON.parse(text)
      if (isBackupRecord(value)) {
        yield* this.backup.take(value, this.source(position), Buffer.byteLength(text))
        return
      }
      yield* this.finish(position)
      yield* this.element(position, value)
    } catch (error) {
      yield this.refuse(position, error)
    }
  }

  *finish(position: number): Generator<Conversation | BadLine> {
    try {
      yield* this.backup.finish()
    } catch (error) {
      yield this.refuse(position, error)
    }
  }

  async *elements(
    source: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): AsyncGenerator<Conversation | BadLine> {
    try {
      for await (const { number, value } of splitElements(source, maxBytes)) {
        yield* this.element(number, value)
      }
    } catch (error) {
      if (!(error instanceof BrokenJsonError)) throw error
      yield this.bad(error.element, error.message)
    }
  }

  *element(position: number, value: unknown): Generator<Conversation | BadLine> {
    for (const conversation of unwrap(value)) {
      try {
        yield toConversation(recognise(conversation), this.namespace, this.source(position))
      } catch (error) {
        yield this.refuse(position, error)
      }
    }
  }

  refuse(position: number, error: unknown): BadLine {
    if (error instanceof ConversationError) return this.bad(position, error.message)
    if (error instanceof SyntaxError) return this.bad(position, `broken JSON (${error.message})`)
    throw error
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

async function* continued(head: Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head
  yield* rest
}
