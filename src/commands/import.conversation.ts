import { sha256 } from '../platform/ids.js'
import { cutText, findUnstorable, replaceUnstorable } from '../platform/text.js'

/** A conversation in the form in which it is sent, with ids that are the same in every import. */
export interface Conversation {
  readonly kind: 'conversation'
  /** where it was found, for messages: "export.jsonl:12" */
  readonly source: string
  readonly id: string
  readonly title: string | null
  readonly createdAt: string | null
  readonly messages: readonly ConversationMessage[]
  /** what was changed or omitted, in words for the author of the file; omitted: nothing was */
  readonly notes?: readonly string[]
  readonly metadata?: object
  readonly projectId?: string
  readonly ownerId?: string
  readonly agentRuns?: readonly ConversationRun[]
  /** omitted: it is the whole thread */
  readonly piece?: { readonly isFirst: boolean; readonly isLast: boolean }
}

export interface ConversationMessage {
  readonly id: string
  readonly role: MessageRole
  readonly content: string
  readonly createdAt: string | null
}

export interface ConversationRun {
  readonly id: string
  readonly status: string
  readonly startedAt: string
  readonly finishedAt: string | null
}

export type MessageRole = 'USER' | 'ASSISTANT' | 'SYSTEM' | 'TOOL'

/** A conversation as in a file, once its format is known; not validated yet. */
export interface RawConversation {
  readonly id: unknown
  readonly title: unknown
  readonly createdAt: unknown
  readonly messages: readonly RawMessage[]
}

export interface RawMessage {
  readonly id: unknown
  readonly role: unknown
  /** null: a message without text, which is skipped */
  readonly content: string | null
  readonly createdAt: unknown
}

/** Why a line or element cannot be imported, in words for the author of the file. */
export class ConversationError extends Error {
  override readonly name = 'ConversationError'
}

const ROLES: ReadonlyMap<string, MessageRole> = new Map([
  ...['user', 'human', 'prompter'].map((role) => [role, 'USER'] as const),
  ...['assistant', 'gpt', 'chatgpt', 'model', 'ai', 'bot', 'bing', 'bard', 'function_call', 'tool_call'].map(
    (role) => [role, 'ASSISTANT'] as const,
  ),
  ...['system', 'developer'].map((role) => [role, 'SYSTEM'] as const),
  ...['tool', 'function', 'function_response', 'tool_response', 'ipython', 'observation'].map(
    (role) => [role, 'TOOL'] as const,
  ),
])

const OPAQUE_ID = /^[\x21-\x7e]{1,128}$/
const MAX_TITLE_LENGTH = 255
const MAX_CONTENT_BYTES = 1024 * 1024
// Unix times below are seconds, above milliseconds: as seconds it is the year 5138, as milliseconds 1973.
const LARGEST_SECONDS = 1e11
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * Validates and completes a conversation. Generated ids include `namespace`: two tenants that import the same file get two
 * threads, and neither learns of the other's.
 */
export function toConversation(raw: RawConversation, namespace: string, source: string): Conversation {
  const notes: string[] = []
  const title = toTitle(raw.title, notes)
  const createdAt = toTime('createdAt', raw.createdAt)
  const messages = raw.messages.flatMap((message, index) => toMessage(message, index, notes))
  const id = toThreadId(raw.id, namespace, [title, createdAt, messages])
  const seen = new Map<string, number>()
  return {
    kind: 'conversation',
    source,
    id,
    title,
    createdAt,
    messages: messages.map(({ key, ...message }) => {
      const repeated = seen.get(key) ?? 0
      seen.set(key, repeated + 1)
      return { id: `msg_${shortHash([id, key, repeated])}`, ...message }
    }),
    ...(notes.length > 0 && { notes }),
  }
}

type KeyedMessage = Omit<ConversationMessage, 'id'> & { key: string }

function toMessage(raw: RawMessage, index: number, notes: string[]): KeyedMessage[] {
  const name = `message ${index + 1}`
  const createdAt = toTime(`createdAt of ${name}`, raw.createdAt)
  if (raw.content === null || raw.content === '') {
    notes.push(`${name} has no text and is left out`)
    return []
  }
  const content = toStorable(name, raw.content, notes)
  if (Buffer.byteLength(content) > MAX_CONTENT_BYTES) {
    throw new ConversationError(`${name} is larger than 1 MiB`)
  }
  const role = toRole(name, raw.role, notes)
  return [{ key: isId(raw.id) ? `id:${raw.id}` : `index:${index}`, role, content, createdAt }]
}

// A numeric id counts the rows of one file, so it does not identify the conversation beyond that file.
function toThreadId(id: unknown, namespace: string, content: unknown): string {
  if (typeof id === 'string' && OPAQUE_ID.test(id)) return id
  return `thrd_${shortHash(isId(id) ? [namespace, 'id', id] : [namespace, 'content', content])}`
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== ''
}

function toTitle(title: unknown, notes: string[]): string | null {
  if (title === null || title === undefined) return null
  if (typeof title !== 'string') throw new ConversationError('the title is not a text')
  return cutText(toStorable('the title', title.trim(), notes), MAX_TITLE_LENGTH) || null
}

function toTime(name: string, time: unknown): string | null {
  if (time === null || time === undefined) return null
  const value = typeof time === 'number' ? (time < LARGEST_SECONDS ? time * 1000 : time) : parseTime(time)
  if (!(value >= 0 && value <= LAST_TIME))
    throw new ConversationError(`${name} is not a time: ${quote(time)}`)
  return new Date(value).toISOString()
}

function parseTime(time: unknown): number {
  return typeof time === 'string' ? Date.parse(time) : Number.NaN
}

/** Content matters more than its role: an unknown role does not prevent the import. */
function toRole(name: string, role: unknown, notes: string[]): MessageRole {
  const known = typeof role === 'string' ? ROLES.get(role.toLowerCase()) : undefined
  if (known !== undefined) return known
  notes.push(`${name} has the unknown role ${quote(role)} and is imported as USER`)
  return 'USER'
}

/** Tool output in exports contains characters that cannot be stored: replace them rather than reject the conversation. */
function toStorable(name: string, text: string, notes: string[]): string {
  const found = findUnstorable(text)
  if (found === null) return text
  notes.push(`${name} has ${found.name} at position ${found.position}, which is imported as U+FFFD`)
  return replaceUnstorable(text)
}

function shortHash(value: unknown): string {
  return sha256(JSON.stringify(value)).slice(0, 40)
}

function quote(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, 60)
}
