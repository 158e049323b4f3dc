import { type Fragment, sql } from '../database/statement.js'
import type { Page, Position } from './page.js'

/** Condition for the rows after the page's start, in a list with the newest first. */
export function olderThan(page: Page, at: Fragment, id: Fragment): Fragment {
  return page.after ? sql`(${at}, ${id}) < (${toTime(page.after)}, ${page.after.id})` : sql`true`
}

/** Condition for the rows after the page's start, in a list in ascending order of a number. */
export function beyond(page: Page, rank: Fragment): Fragment {
  return page.after ? sql`${rank} > ${page.after.rank}::bigint` : sql`true`
}

function toTime({ rank }: Position): Date {
  return new Date(rank)
}
