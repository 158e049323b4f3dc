import { type Fragment, type Statement, sql } from '../database/statement.js'
import type { Look, Subject, WatchedRow } from './watch.kind.js'

/** Rows of these subjects that changed since, and a row without an id for each subject that no longer exists. */
export function beyondKnown<Row extends Subject>(
  looks: readonly Look<Subject>[],
  rowWithId: (id: Fragment) => Statement<Row>,
) {
  return sql<WatchedRow<Row>>`
    select known.id as "watchedId", found.* from unnest(
      ${looks.map(({ subject }) => subject.id)}::text[], ${looks.map(({ sequence }) => sequence)}::float8[]
    ) as known (id, sequence) left join lateral (${rowWithId(sql`known.id`)}) found on true
    where found.id is null or found.sequence > known.sequence`
}
