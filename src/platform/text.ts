import { invalid } from './errors.js'

/**
 * The only rule about which texts are accepted: those that PostgreSQL returns unchanged. Its `text` and `jsonb` cannot
 * store NUL, and UTF-8 cannot encode a lone surrogate, which would come back as U+FFFD.
 */

const UNSTORABLE = /\0|\p{Surrogate}/u

export interface Unstorable {
  /** "NUL" or "the lone surrogate U+D800" */
  name: string
  /** in UTF-16 code units, from 0 */
  position: number
}

/** The first character that cannot be stored unchanged; null if there is none. */
export function findUnstorable(text: string): Unstorable | null {
  if (text.isWellFormed() && !text.includes('\0')) return null
  const position = text.search(UNSTORABLE)
  const unit = text.charCodeAt(position)
  return { position, name: unit === 0 ? 'NUL' : `the lone surrogate U+${unit.toString(16).toUpperCase()}` }
}

/** Replaces such characters by U+FFFD, for callers that accept and report the change. */
export function replaceUnstorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

/** Throws VALIDATION_ERROR, with position and character, for a text that cannot be stored unchanged. */
export function requireStorable(name: string, text: string): void {
  const found = findUnstorable(text)
  if (found) throw unstorable(name, found)
}

/** The same for every text and key in a JSON value, whose depth must already be limited: this is recursive. */
export function requireStorableTexts(name: string, value: unknown): void {
  if (typeof value === 'string') requireStorable(name, value)
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    if (Array.isArray(value)) requireStorableTexts(`${name}[${key}]`, inner)
    else {
      requireStorable(`key in ${name}`, key)
      requireStorableTexts(`${name}.${key}`, inner)
    }
  }
}

const MAX_NAME = 200

function unstorable(name: string, { name: character, position }: Unstorable) {
  const place = cutText(name, MAX_NAME)
  return invalid(`Invalid ${place}. It has ${character} at position ${position}, which cannot be stored.`, {
    position,
  })
}

/** The first `max` characters, or one less to avoid splitting a surrogate pair. */
export function cutText(text: string, max: number): string {
  return text.slice(0, wholeCharacter(text, max))
}

/** The position itself, or the one before it if it would split a surrogate pair. */
export function wholeCharacter(text: string, position: number): number {
  const divides = isHighSurrogate(text.charCodeAt(position - 1)) && isLowSurrogate(text.charCodeAt(position))
  return divides ? position - 1 : position
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
