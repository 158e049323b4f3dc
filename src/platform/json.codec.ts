/**
 * JSON that comes back as it was: times and large integers are marked, which JSON itself would turn into text. A reply
 * that is kept and given again must not differ from the first.
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
  return isObject(value) ? mapValues(value, mark) : value
}

function unmark(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmark)
  if (!isObject(value)) return value
  const [entry, another] = Object.entries(value)
  if (entry && !another && typeof entry[1] === 'string') {
    if (entry[0] === TIME) return new Date(entry[1])
    if (entry[0] === INTEGER) return BigInt(entry[1])
  }
  return mapValues(value, unmark)
}

function mapValues(
  object: Record<string, unknown>,
  map: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
