import { z } from 'zod'
import {
  type Conversation,
  ConversationError,
  type ConversationMessage,
  type ConversationRun,
} from './import.conversation.js'

/** Reads thread backups: a line for the thread, then one for each of its messages and agent runs. */

const ID = z.string().regex(/^[\x21-\x7e]{1,128}$/)
const TIME = z.iso.datetime()

const THREAD = z.object({
  heddle: z.literal('thread'),
  version: z.literal(1),
  id: ID,
  title: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  ownerId: ID,
  projectId: ID.nullable(),
  createdAt: TIME,
  messageCount: z.number(),
  agentRunCount: z.number(),
})

const MESSAGE = z.object({
  heddle: z.literal('message'),
  id: ID,
  role: z.enum(['USER', 'ASSISTANT', 'SYSTEM', 'TOOL']),
  content: z.string(),
  createdAt: TIME,
})

const RUN = z.object({
  heddle: z.literal('agentRun'),
  id: ID,
  status: z.string(),
  startedAt: TIME,
  finishedAt: TIME.nullable(),
})

const RECORD = z.discriminatedUnion('heddle', [THREAD, MESSAGE, RUN])

// Within the limits of one call, so that a part is not split again.
const PIECE_ROWS = 1_000
const PIECE_BYTES = 4 * 1024 * 1024

export function isBackupRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'heddle' in value
}

/** A thread being read, without the parts that were returned already. */
interface OpenThread {
  source: string
  header: z.infer<typeof THREAD>
  messages: ConversationMessage[]
  runs: ConversationRun[]
  bytes: number
  /** of all its parts */
  rows: number
  isFirst: boolean
}

/** Groups lines into parts of threads; keeps one part in memory, however long a thread is. */
export class BackupReader {
  #thread: OpenThread | null = null
  #hasStrays = false;

  /** Takes a line and returns what it completes. */
  *take(value: unknown, source: string, bytes: number): Generator<Conversation> {
    const { data: record } = RECORD.safeParse(value)
    if (record?.heddle === 'thread') {
      try {
        yield* this.finish()
      } finally {
        this.#thread = open(record, source, bytes)
        this.#hasStrays = false
      }
      return
    }
    if (!record) throw new ConversationError('not a line of a backup that this version can read')
    if (!this.#thread) return this.#pass()
    if (isFull(this.#thread, bytes)) yield this.#cut(this.#thread, false)
    add(this.#thread, record, bytes)
  }

  /** Returns the rest of the thread. Throws afterwards if lines of it are missing. */
  *finish(): Generator<Conversation> {
    const thread = this.#thread
    this.#thread = null
    if (!thread) return
    const { rows, header } = thread
    yield this.#cut(thread, true)
    const missing = header.messageCount + header.agentRunCount - rows
    if (missing > 0) throw new ConversationError(`the backup of ${header.id} ends ${missing} lines too early`)
  }

  // An unreadable thread line is followed by lines for all of its messages: report them only once.
  #pass(): void {
    if (this.#hasStrays) return
    this.#hasStrays = true
    throw new ConversationError(
      'the thread of this line is missing; all lines up to the next thread are skipped',
    )
  }

  #cut(thread: OpenThread, isLast: boolean): Conversation {
    const { source, header, messages, runs, isFirst } = thread
    Object.assign(thread, { messages: [], runs: [], bytes: 0, isFirst: false })
    return {
      kind: 'conversation',
      source,
      id: header.id,
      title: header.title,
      createdAt: header.createdAt,
      messages,
      ...(isFirst && originOf(header)),
      ...(runs.length > 0 && { agentRuns: runs }),
      ...(!(isFirst && isLast) && { piece: { isFirst, isLast } }),
    }
  }
}

function open(header: z.infer<typeof THREAD>, source: string, bytes: number): OpenThread {
  return { source, header, messages: [], runs: [], bytes, rows: 0, isFirst: true }
}

/** Thread fields of the first part. */
function originOf({ metadata, ownerId, projectId }: z.infer<typeof THREAD>) {
  return { metadata, ownerId, ...(projectId !== null && { projectId }) }
}

function isFull({ messages, runs, bytes }: OpenThread, more: number): boolean {
  const rows = messages.length + runs.length
  return rows > 0 && (rows === PIECE_ROWS || bytes + more > PIECE_BYTES)
}

function add(thread: OpenThread, record: z.infer<typeof MESSAGE> | z.infer<typeof RUN>, bytes: number): void {
  thread.rows += 1
  thread.bytes += bytes
  const { heddle: _, ...fields } = record
  if ('role' in fields) thread.messages.push(fields)
  else thread.runs.push(fields)
}
