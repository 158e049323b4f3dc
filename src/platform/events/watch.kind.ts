/** What can be subscribed to, and by whom: the contract between features and the hub. */

/** What one subscription is about: a row, or all rows of something. */
export interface Subject {
  readonly id: string
}

/** A request for what changed about one subject. */
export interface Look<S extends Subject> {
  readonly subject: S
  /** the highest known sequence; -1: none, read everything */
  readonly sequence: number
  /** every change before this time is known; null: unknown */
  readonly settledAt: Date | null
}

/** The result of one query for many subjects, by their ids. Missing subjects have not changed. */
export interface Found<Row> {
  readonly rows: ReadonlyMap<string, readonly Row[]>
  /** Subjects that no longer exist: the error that ends their subscriptions. */
  readonly gone: ReadonlyMap<string, Error>
  /** every change before this time has been read; omitted if sequences are used instead */
  readonly settledAt?: Date | null
}

/** A row with a sequence that rises with every change. */
export interface WatchedState {
  readonly id: string
  readonly sequence: number
}

/** A kind of rows that change. */
export interface WatchKind<S extends Subject, Row extends WatchedState> {
  /** bus topic of its events */
  topicOf(subject: S): string
  /** A row from an event's payload; null if the payload is not one and only requests a read after `lookMs`. */
  receive(payload: unknown, subject: S): Row | null
  /** A subscription completes after this row. */
  isLast(row: Row): boolean
  /** Reads what is new about all these subjects, in a constant number of statements. May repeat known rows. */
  look(looks: readonly Look<S>[]): Promise<Found<Row>>
  /** The error sent to a subscriber that the gate refused; omitted: the gate's. */
  refusal?(error: Error, subject: S): Error
  /** Milliseconds from an event without a row to the next read; omitted: such an event is ignored. */
  readonly lookMs?: number
  /**
   * Milliseconds after which a row that reads no longer return is forgotten; longer than the maximum delay of an event.
   * Omitted: never, for subjects of one row.
   */
  readonly forgetMs?: number
}

/** Decides who may continue to receive events. */
export interface Gate<Pass> {
  /** Equal passes are checked once. */
  keyOf(pass: Pass): string
  /** Topics whose events put the pass in doubt. */
  topicsOf(pass: Pass): readonly string[]
  /** Passes that are no longer valid, by key, with the reason; in one statement. */
  refused(passes: readonly Pass[]): Promise<ReadonlyMap<string, Error>>
}

/** A row read by `beyondKnown`; without an id, the subject no longer exists. */
export type WatchedRow<Row extends Subject> = { watchedId: string } & {
  [Column in keyof Row]: Row[Column] | null
}

/** @param missing returns the error for a subject that no longer exists */
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
