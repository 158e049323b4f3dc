import { invalid } from './errors.js'
import { requireStorable, requireStorableTexts } from './text.js'

/** Validation rules shared by features. Each throws VALIDATION_ERROR or returns the accepted value. */

/** A text of `min` to `max` characters after trimming. */
export function requireText(name: string, value: string, min: number, max: number): string {
  requireStorable(name, value)
  const text = value.trim()
  if (text.length < min || text.length > max) {
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

const FIRST_TIME = Date.parse('0001-01-01T00:00:00.000Z')
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z')

/** A time whose year has four digits: PostgreSQL cannot parse others in JavaScript's format. */
export function isWritableTime(time: number): boolean {
  return time >= FIRST_TIME && time <= LAST_TIME
}

export function requireOptionalTime(name: string, value: Date | null | undefined): Date | null {
  if (value == null) return null
  if (isWritableTime(value.getTime())) return value
  throw invalid(`Invalid ${name}. Its year must be 1 to 9999 in UTC.`, { [name]: value.toISOString() })
}

const MAX_JSON_DEPTH = 100

/** JSON of limited size and depth (it is read recursively) whose texts can be stored. */
export function requireJson(name: string, value: unknown, maxKib: number): string {
  if (isDeeper(value, MAX_JSON_DEPTH)) {
    throw invalid(`Invalid ${name}. It must have at most ${MAX_JSON_DEPTH} levels.`)
  }
  const json = JSON.stringify(value)
  const length = Buffer.byteLength(json)
  if (length > maxKib * 1024) {
    throw invalid(`Invalid ${name}. It must be at most ${maxKib} KiB of JSON.`, { length })
  }
  requireStorableTexts(name, value)
  return json
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1))
}
