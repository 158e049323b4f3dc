import { isJsonObject } from '../platform/json.value.js'
import { ConversationError } from './import.conversation.js'

/** Converts a message of an export into one text: its parts, and the tools that it calls. */

export type Fields = Record<string, unknown>

/** null if it has no text. A tool call becomes `name(arguments)`. */
export function contentOf(message: Fields, index: number): string | null {
  const { content, tool_calls, function_call } = message
  const calls = [
    ...(Array.isArray(tool_calls) ? tool_calls.map(callOf) : []),
    callOf({ function: function_call }),
  ]
  const texts = [textOf(content), ...calls].filter((text) => text !== null)
  if (texts.length === 0 && content !== null) {
    throw new ConversationError(`message ${index + 1} has no content that is a text`)
  }
  return texts.filter((text) => text !== '').join('\n') || null
}

function textOf(content: unknown): string | null {
  if (Array.isArray(content)) return joinParts(content)
  return typeof content === 'string' ? content : null
}

export function joinParts(parts: unknown[]): string {
  return parts
    .map(partOf)
    .filter((text) => typeof text === 'string' && text !== '')
    .join('\n')
}

/** Images and audio are parts without text. */
function partOf(part: unknown): unknown {
  if (typeof part === 'string') return part
  const { type, text, refusal, name, input, content } = recordOf(part)
  if (type === 'tool_use') return writeCall(name, input)
  if (type === 'tool_result') return textOf(content)
  return text ?? refusal
}

function callOf(call: unknown): string | null {
  const { name, arguments: given } = recordOf(recordOf(call).function)
  return writeCall(name, given)
}

function writeCall(name: unknown, given: unknown): string | null {
  if (typeof name !== 'string') return null
  return `${name}(${typeof given === 'string' ? given : JSON.stringify(given ?? {})})`
}

export function recordOf(value: unknown): Fields {
  return isJsonObject(value) ? value : {}
}
