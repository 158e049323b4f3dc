import { raw, type Statement, sql } from './database.js'
import { invalid } from './errors.js'
import { isOpaqueId } from './ids.js'
import { isWritableTime } from './validate.js'

const DEFAULT_PAGE = 20
const MAX_PAGE = 100
// Each page size is a statement of its own to the planner: few of them, and never a bind parameter, which replans.
const FETCH_SIZES = [6, 11, 21, 51, 101]

/** The arguments of every connection. */
export interface PageArguments {
  first?: number | null
  after?: string | null
}

/** Where a row stands in a list that is ordered by a number, or a time in milliseconds, and then by id. */
export interface Position {
  rank: number
  id: string
}

/** A page as a statement needs it. */
export interface Page {
  /** rows that the caller gets at most: 1 to 100, by default 20 */
  readonly size: number
  /** a literal LIMIT of at least `size + 1`, so that one row more tells whether there is a next page */
  readonly limit: Statement
  readonly after: Position | null
  /** pages with the same one read the same rows */
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

/** The rows that come after the page's start in a list with the newest first. */
export function olderThan(page: Page, at: Statement, id: Statement): Statement {
  return page.after ? sql`(${at}, ${id}) < (${toTime(page.after)}, ${page.after.id})` : sql`true`
}

/** The rows that come after the page's start in a list that is ordered by a rising number. */
export function beyond(page: Page, rank: Statement): Statement {
  return page.after ? sql`${rank} > ${page.after.rank}::bigint` : sql`true`
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
    // Falls through: a cursor that cannot be read is refused below, whatever is wrong with it.
  }
  throw invalid('Invalid cursor. Pass an endCursor or a cursor of this list unchanged.', {
    after: cursor.slice(0, 128),
  })
}

function toTime({ rank }: Position): Date {
  return new Date(rank)
}
