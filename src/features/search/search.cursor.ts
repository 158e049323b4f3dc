import { invalid } from '../../platform/errors.js'
import { sha256 } from '../../platform/ids.js'

/** End of a page of a search. Only valid for the same search, because another one has another order. */
export interface SearchPosition {
  /** number of hits before it */
  offset: number
  /** keys of the last hits before it, nearest first */
  last: readonly string[]
}

// Deleting a thread removes several hits at once: if one of these is left, the next page starts right after it.
const REMEMBERED = 8

/** Identifies a search by everything that affects its results. */
export function digestOf(search: unknown): string {
  return sha256(JSON.stringify(search)).slice(0, 16)
}

/** A cursor behind the first `offset` hits of a ranking. */
export function writeSearchCursor(digest: string, ids: readonly string[], offset: number): string {
  const last = ids
    .slice(Math.max(offset - REMEMBERED, 0), offset)
    .reverse()
    .map(nameOf)
  return Buffer.from(JSON.stringify([digest, offset, ...last])).toString('base64url')
}

export function readSearchCursor(digest: string, cursor: string | null | undefined): SearchPosition | null {
  if (cursor == null) return null
  try {
    const [search, offset, ...last] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const isPlace = Number.isSafeInteger(offset) && offset > 0
    const hasNames = last.length === Math.min(offset, REMEMBERED) && last.every(isText)
    if (isPlace && hasNames && search === digest) return { offset, last }
  } catch {
    // Fall through: any unreadable cursor is rejected below.
  }
  throw invalid('Invalid cursor. Pass a cursor or endCursor of this search unchanged.', {
    after: cursor.slice(0, 128),
  })
}

/**
 * The index in a ranking at which the next page starts: after the last preceding hit that still exists, wherever it is now,
 * so that hits which appeared or disappeared before it cause neither gaps nor duplicates.
 */
export function placeAfter(ids: readonly string[], { offset, last }: SearchPosition): number {
  const places = new Map(ids.map((id, index) => [nameOf(id), index]))
  for (const name of last) {
    const place = places.get(name)
    if (place !== undefined) return place + 1
  }
  return Math.max(offset - last.length, 0)
}

const isText = (value: unknown): boolean => typeof value === 'string'

/** Short, because every hit has a cursor, and long enough to be unique among a thousand hits. */
function nameOf(id: string): string {
  return sha256(id).slice(0, 12)
}
