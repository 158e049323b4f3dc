import { invalid } from './errors.js'

/** Rules that inputs of many features share. Each throws VALIDATION_ERROR and returns the value it accepted. */

/** A text of `min` to `max` characters once its surrounding white space is cut. */
export function requireText(name: string, value: string, min: number, max: number): string {
  const text = value.trim()
  if (text.length < min || text.length > max || text.includes('\0')) {
    throw invalid(`Invalid ${name}. It must have ${min} to ${max.toLocaleString('en')} characters.`, {
      [name]: text.slice(0, 64),
      length: text.length,
    })
  }
  return text
}

export function requireOptionalText(
  name: string,
  value: string | null | undefined,
  max: number,
): string | null {
  return value == null ? null : requireText(name, value, 0, max)
}

const MAX_JSON_DEPTH = 100

/**
 * JSON as PostgreSQL can store it: of bounded depth, because it is read by recursion, and without NUL. A lone surrogate
 * has no UTF-8 form and becomes the replacement character.
 */
export function requireStorableJson(name: string, value: unknown): string {
  if (isDeeper(value, MAX_JSON_DEPTH)) {
    throw invalid(`Invalid ${name}. It must have at most ${MAX_JSON_DEPTH} levels.`)
  }
  const json = JSON.stringify(value)
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(json)) {
    throw invalid(`Invalid ${name}. The NUL character cannot be stored.`)
  }
  return json.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][\da-f]{2}/g, '$1\ufffd')
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1))
}
