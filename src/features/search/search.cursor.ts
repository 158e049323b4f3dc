import { invalid } from '../../platform/errors.js'
import { sha256 } from '../../platform/ids.js'

/** Where a page of a search ends. It holds for the same search only: another one has another order. */
export interface SearchPosition {
  /** hits before it */
  offset: number
  /** the last hit's id */
  id: string
}

/** Names a search by everything that decides what it finds. */
export function digestOf(search: unknown): string {
  return sha256(JSON.stringify(search)).slice(0, 16)
}

export function writeSearchCursor(digest: string, { offset, id }: SearchPosition): string {
  return Buffer.from(JSON.stringify([digest, offset, id])).toString('base64url')
}

export function readSearchCursor(digest: string, cursor: string | null | undefined): SearchPosition | null {
  if (cursor == null) return null
  try {
    const [search, offset, id, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const isWhole = Number.isSafeInteger(offset) && offset > 0 && typeof id === 'string' && rest.length === 0
    if (isWhole && search === digest) return { offset, id }
  } catch {
    // Falls through: a cursor that cannot be read is refused below, whatever is wrong with it.
  }
  throw invalid('Invalid cursor. Pass an endCursor or a cursor of this search unchanged.', {
    after: cursor.slice(0, 128),
  })
}
