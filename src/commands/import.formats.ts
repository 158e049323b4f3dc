import { isJsonObject } from '../platform/json.value.js'
import { contentOf, type Fields, joinParts, recordOf } from './import.content.js'
import { ConversationError, type RawConversation, type RawMessage } from './import.conversation.js'

/**
 * The formats of conversation files, each recognized by what an element contains: `messages` (JSON lines, OpenAI's
 * fine-tuning files), `mapping` (ChatGPT's conversations.json), `conversations` (ShareGPT). Heddle's own backups have a line
 * per message, and are read elsewhere.
 */
export function recognise(value: unknown): RawConversation {
  if (!isJsonObject(value)) throw new ConversationError('not a JSON object')
  if (Array.isArray(value.messages)) return fromMessages(value, value.messages)
  if (isJsonObject(value.mapping)) return fromMapping(value, value.mapping)
  if (Array.isArray(value.conversations)) return fromShareGpt(value, value.conversations)
  throw new ConversationError('not a conversation: it has none of "messages", "mapping" and "conversations"')
}

/** Has the properties of a known format; their values are not validated. */
export function isConversation(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  return isJsonObject(value.mapping) || [value.messages, value.conversations].some(Array.isArray)
}

/** The conversations in a list under `conversations`, where ShareGPT has the messages of one. */
export function unwrap(value: unknown): readonly unknown[] {
  if (!isJsonObject(value) || !Array.isArray(value.conversations)) return [value]
  return value.conversations.some(isConversation) ? value.conversations : [value]
}

function fromMessages(value: Fields, messages: unknown[]): RawConversation {
  return {
    id: value.id,
    title: value.title,
    createdAt: value.createdAt,
    messages: messages.map((message, index) => {
      const fields = requireRecord(message, index)
      const { id, role, createdAt } = fields
      return { id, role, content: contentOf(fields, index), createdAt }
    }),
  }
}

function fromShareGpt(value: Fields, messages: unknown[]): RawConversation {
  return {
    id: value.id,
    title: value.title,
    createdAt: undefined,
    messages: messages.map((message, index) => {
      const { from, value: content } = requireRecord(message, index)
      return { id: undefined, role: from, content: contentOf({ content }, index), createdAt: undefined }
    }),
  }
}

/** ChatGPT keeps every edit and retry as a branch of a tree; the branch its user saw last ends at `current_node`. */
function fromMapping(value: Fields, mapping: Fields): RawConversation {
  const messages: RawMessage[] = []
  const visited = new Set<string>()
  let nodeId = currentNode(value.current_node, mapping)
  while (typeof nodeId === 'string' && !visited.has(nodeId)) {
    visited.add(nodeId)
    const node = recordOf(own(mapping, nodeId))
    const message = fromNode(recordOf(node.message))
    if (message !== null) messages.push(message)
    nodeId = node.parent
  }
  return {
    id: value.conversation_id ?? value.id,
    title: value.title,
    createdAt: value.create_time,
    messages: messages.reverse(),
  }
}

function currentNode(named: unknown, mapping: Fields): unknown {
  if (typeof named === 'string' && Object.hasOwn(mapping, named)) return named
  return Object.keys(mapping).findLast((id) => isEmptyList(recordOf(mapping[id]).children))
}

function fromNode(message: Fields): RawMessage | null {
  if (recordOf(message.metadata).is_visually_hidden_from_conversation === true) return null
  const content = textOfExport(recordOf(message.content))
  if (content === '') return null
  return {
    id: message.id,
    role: recordOf(message.author).role,
    content,
    createdAt: message.create_time,
  }
}

// Code and tool output is in `text`, everything else in `parts`, where images are objects without text.
function textOfExport({ text, parts }: Fields): string {
  if (typeof text === 'string') return text.trim()
  return Array.isArray(parts) ? joinParts(parts).trim() : ''
}

function requireRecord(value: unknown, index: number): Fields {
  if (!isJsonObject(value)) throw new ConversationError(`message ${index + 1} is not a JSON object`)
  return value
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
