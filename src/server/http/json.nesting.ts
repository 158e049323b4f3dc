import { malformed } from '../../platform/errors.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Throws VALIDATION_ERROR with status 400 if JSON is nested deeper. Scans only brackets and strings. */
export function requireShallow(json: string, maxDepth: number): void {
  let depth = 0
  for (let index = 0; index < json.length; index++) {
    const unit = json.charCodeAt(index)
    if (unit === QUOTE) index = endOfString(json, index)
    else if (unit === OPEN_BRACKET || unit === OPEN_BRACE) {
      depth += 1
      if (depth > maxDepth) {
        throw malformed(`The JSON is nested more than ${maxDepth} levels deep.`, { limit: maxDepth })
      }
    } else if (unit === CLOSE_BRACKET || unit === CLOSE_BRACE) depth -= 1
  }
}

function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (end > 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end < 0 ? json.length : end
}

function isEscaped(json: string, position: number): boolean {
  let backslashes = 0
  while (json.charCodeAt(position - 1 - backslashes) === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}
