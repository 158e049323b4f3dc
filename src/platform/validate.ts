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

/** PostgreSQL stores no NUL character in text or JSON, and says so in words that a caller should not need to read. */
export function refuseNul(name: string, json: string): void {
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(json)) {
    throw invalid(`Invalid ${name}. The NUL character cannot be stored.`)
  }
}
