import type { Conversation, ConversationMessage } from './import.conversation.js'

/** A thread for `importThreads`, or a part of one whose messages do not fit into a request. */
export interface ThreadPart {
  readonly conversation: Conversation
  readonly messages: readonly ConversationMessage[]
}

/** The parts of one call. */
export type Batch = readonly ThreadPart[]

/** Calls that must be made in order: a thread's messages keep their order. */
export type Job = readonly Batch[]

const MAX_THREADS = 1000
const MAX_MESSAGES = 1000
// Below the server's default limit of 4 MiB per request, with room for the surrounding JSON.
const MAX_BYTES = 3 * 1024 * 1024
// Field names, ids and times, in addition to the text itself.
const FIXED_BYTES = 256

/** Groups conversations into calls within the server's limits. */
export class Batcher {
  #parts: ThreadPart[] = []
  #ids = new Set<string>()
  #messages = 0
  #bytes = 0

  /** Takes a conversation and returns the jobs that are full. */
  add(conversation: Conversation): Job[] {
    const parts = splitConversation(conversation)
    const [first] = parts
    if (first === undefined || parts.length > 1) return [...this.flush(), parts.map(({ part }) => [part])]
    const full = !this.#fits(first) ? this.flush() : []
    this.#parts.push(first.part)
    this.#ids.add(conversation.id)
    this.#messages += first.part.messages.length
    this.#bytes += first.bytes
    return full
  }

  /** Returns the rest. */
  flush(): Job[] {
    const job: Job = [this.#parts]
    const jobs = this.#parts.length > 0 ? [job] : []
    this.#parts = []
    this.#ids = new Set()
    this.#messages = 0
    this.#bytes = 0
    return jobs
  }

  // A call must not contain one thread twice, because it would have two results for it.
  #fits({ part, bytes }: MeasuredPart): boolean {
    return (
      this.#parts.length < MAX_THREADS &&
      this.#messages + part.messages.length <= MAX_MESSAGES &&
      this.#bytes + bytes <= MAX_BYTES &&
      !this.#ids.has(part.conversation.id)
    )
  }
}

interface MeasuredPart {
  readonly part: ThreadPart
  readonly bytes: number
}

function splitConversation(conversation: Conversation): MeasuredPart[] {
  const parts: MeasuredPart[] = []
  const { messages: _, ...around } = conversation
  const base = measure(around)
  let messages: ConversationMessage[] = []
  let bytes = base
  for (const message of conversation.messages) {
    const size = measure(message.content)
    if (messages.length > 0 && (messages.length === MAX_MESSAGES || bytes + size > MAX_BYTES)) {
      parts.push({ part: { conversation, messages }, bytes })
      messages = []
      bytes = base
    }
    messages.push(message)
    bytes += size
  }
  parts.push({ part: { conversation, messages }, bytes })
  return parts
}

function measure(value: unknown): number {
  return FIXED_BYTES + Buffer.byteLength(JSON.stringify(value))
}
