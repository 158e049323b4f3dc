import { isJsonObject } from '../json.value.js'

/**
 * JSON that preserves times and large integers, by marking them: a stored reply must equal the original one. A mark is a
 * property name that starts with one `$`; property names of the value itself that start with `$` get a second one, so
 * that none is mistaken for a mark.
 */

const TIME = '$time'
const INTEGER = '$integer'

export function encodeJson(value: unknown): string {
  return JSON.stringify(mark(value))
}

export function decodeJson<Value>(stored: unknown): Value {
  return unmark(stored) as Value
}

function mark(value: unknown): unknown {
  if (value instanceof Date) return { [TIME]: value.toISOString() }
  if (typeof value === 'bigint') return { [INTEGER]: String(value) }
  if (Array.isArray(value)) return value.map(mark)
  return isJsonObject(value) ? mapEntries(value, escapeName, mark) : value
}

function unmark(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmark)
  if (!isJsonObject(value)) return value
  if (Object.hasOwn(value, TIME)) return new Date(value[TIME] as string)
  if (Object.hasOwn(value, INTEGER)) return BigInt(value[INTEGER] as string)
  return mapEntries(value, unescapeName, unmark)
}

function escapeName(name: string): string {
  return name.startsWith('$') ? `$${name}` : name
}

function unescapeName(name: string): string {
  return name.startsWith('$$') ? name.slice(1) : name
}

function mapEntries(
  object: Record<string, unknown>,
  rename: (name: string) => string,
  map: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [rename(name), map(value)]))
}
