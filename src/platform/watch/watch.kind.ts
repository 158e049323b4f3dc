import { type Statement, sql } from '../database.js'

/** What can be watched, and who may: the words that a feature and the hub share. */

/** One thing that is watched: a row, or all rows of something. */
export interface Subject {
  readonly id: string
}

/** A question for what is new of one subject. */
export interface Look<S extends Subject> {
  readonly subject: S
  /** the newest that is known of it; -1: nothing is, and all of it is asked for */
  readonly sequence: number
  /** every change before this time is known; null: nothing is */
  readonly settledAt: Date | null
}

/** What one look at many subjects found, by their ids. What is missing has not changed. */
export interface Found<Row> {
  readonly rows: ReadonlyMap<string, readonly Row[]>
  /** Those that are no more: what their watchers are told last. */
  readonly gone: ReadonlyMap<string, Error>
  /** every change before this time has been read; left out where sequences say what is known */
  readonly settledAt?: Date | null
}

/** A kind of rows that change, each known by a key and a number that rises with every change. */
export interface WatchKind<S extends Subject, Row> {
  /** where the bus tells of it */
  topicOf(subject: S): string
  /** A row from an event's payload; null when the payload is not one. It then says to look again, after `lookMs`. */
  receive(payload: unknown, subject: S): Row | null
  keyOf(row: Row): string
  sequenceOf(row: Row): number
  /** After this row a watch ends. */
  isLast(row: Row): boolean
  /** All that is new of all these subjects, in as many statements as for one. It may tell again what is known. */
  look(looks: readonly Look<S>[]): Promise<Found<Row>>
  /** What is said to a watcher whom the gate refused. */
  refusal(error: Error, subject: S): Error
  /** Milliseconds between two rows of one key, at least. What changes in between is passed on once, as its newest. */
  readonly minIntervalMs: number
  /** Milliseconds after an event without a row until the next look; left out: such an event changes nothing. */
  readonly lookMs?: number
  /**
   * Milliseconds after which a row that no look tells of any more is forgotten, longer than an event is late. Left out:
   * never, where a subject is one row.
   */
  readonly forgetMs?: number
}

/** Decides who may go on watching. */
export interface Gate<Pass> {
  /** Equal passes are checked once. */
  keyOf(pass: Pass): string
  /** On these topics it is heard that the pass may have been lost. */
  topicsOf(pass: Pass): readonly string[]
  /** Those that are no longer good, by their keys, and why: in one statement. */
  refused(passes: readonly Pass[]): Promise<ReadonlyMap<string, Error>>
}

/** A row that `beyondKnown` read; without an id, nothing is left of what was watched. */
export type WatchedRow<Row extends Subject> = (Row | { id: null }) & { watchedId: string }

/** The rows of these subjects that have changed since, and one without an id for each subject that has no row any more. */
export function beyondKnown(
  looks: readonly Look<Subject>[],
  rowWithId: (id: Statement) => Statement,
): Statement {
  return sql`
    select known.id as "watchedId", found.* from unnest(
      ${looks.map(({ subject }) => subject.id)}::text[], ${looks.map(({ sequence }) => sequence)}::float8[]
    ) as known (id, sequence) left join lateral (${rowWithId(sql`known.id`)}) found on true
    where found.id is null or found.sequence > known.sequence`
}

/** @param missing says what is told last of a subject that has no row any more */
export function foundOf<Row extends Subject>(
  rows: readonly WatchedRow<Row>[],
  missing: (id: string) => Error,
): Found<Row> {
  const found = new Map<string, Row[]>()
  const gone = new Map<string, Error>()
  for (const { watchedId, ...row } of rows) {
    if (row.id === null) gone.set(watchedId, missing(watchedId))
    else found.set(watchedId, [row as unknown as Row])
  }
  return { rows: found, gone }
}
