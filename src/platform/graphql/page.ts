import { type Fragment, raw } from '../database/statement.js'
import { invalid } from '../errors.js'
import { isOpaqueId } from '../ids.js'
import { isWritableTime } from '../validate.js'

const DEFAULT_PAGE = 20
const MAX_PAGE = 100
// A bind parameter as LIMIT would be replanned on every call, and each literal needs a plan of its own: allow only a few.
const FETCH_SIZES = [6, 11, 21, 51, 101]

/** The arguments of every connection. */
export interface PageArguments {
  first?: number | null
  after?: string | null
}

/** Position of a row in a list ordered by a number, or a time in milliseconds, and then by id. */
export interface Position {
  rank: number
  id: string
}

/** A requested page, as statements need it. */
export interface Page {
  /** maximum number of rows for the caller: 1 to 100, by default 20 */
  readonly size: number
  /** a literal LIMIT of at least `size + 1`: the extra row tells whether there is a next page */
  readonly limit: Fragment
  readonly after: Position | null
  /** pages with the same key read the same rows */
  readonly key: string
}

export interface PageOf<Row> {
  rows: Row[]
  hasNextPage: boolean
}

export function readPage({ first, after }: PageArguments): Page {
  const size = readPageSize(first, DEFAULT_PAGE)
  const limit = FETCH_SIZES.find((candidate) => candidate > size) ?? MAX_PAGE + 1
  const start = after == null ? null : readCursor(after)
  return { size, limit: raw(`limit ${limit}`), after: start, key: JSON.stringify([limit, start]) }
}

export function readPageSize(first: number | null | undefined, otherwise: number): number {
  const size = first ?? otherwise
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE) {
    throw invalid(`Invalid page size. first must be 1 to ${MAX_PAGE}.`, { first: size })
  }
  return size
}

export function cutPage<Row>(rows: Row[], page: Page): PageOf<Row> {
  return { rows: rows.slice(0, page.size), hasNextPage: rows.length > page.size }
}

export function writeCursor({ rank, id }: Position): string {
  return Buffer.from(JSON.stringify([rank, id])).toString('base64url')
}

function readCursor(cursor: string): Position {
  try {
    const [rank, id, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const isRank = Number.isSafeInteger(rank) && isWritableTime(rank)
    if (isRank && typeof id === 'string' && isOpaqueId(id) && rest.length === 0) return { rank, id }
  } catch {
    // Fall through: any unreadable cursor is rejected below.
  }
  throw invalid('Invalid cursor. Pass a cursor or endCursor of this list unchanged.', {
    after: cursor.slice(0, 128),
  })
}
