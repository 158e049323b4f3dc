import { invalid } from '../../platform/errors.js'
import { sha256 } from '../../platform/ids.js'

/** Where a page of a search ends. It holds for the same search only: another one has another order. */
export interface SearchPosition {
  /** hits before it */
  offset: number
  /** names of the last hits before it, the nearest first */
  last: readonly string[]
}

// Deleting a thread takes several hits at once: as long as one of these is left, the next page begins right after it.
const REMEMBERED = 8

/** Names a search by everything that decides what it finds. */
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
    // Falls through: a cursor that cannot be read is refused below, whatever is wrong with it.
  }
  throw invalid('Invalid cursor. Pass an endCursor or a cursor of this search unchanged.', {
    after: cursor.slice(0, 128),
  })
}

/**
 * The place in a ranking at which what follows the cursor begins: behind the last of the hits before it that is still
 * there, wherever that stands now, so that what came or went before it neither skips nor repeats a hit.
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

/** Short, because every hit has a cursor, and long enough that no two of a thousand hits share one. */
function nameOf(id: string): string {
  return sha256(id).slice(0, 12)
}
