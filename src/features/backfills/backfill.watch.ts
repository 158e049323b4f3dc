import type { Queryable } from '../../platform/database/database.js'
import { asMissing, notFound } from '../../platform/errors.js'
import {
  type Found,
  foundOf,
  type Look,
  type Subject,
  type WatchKind,
} from '../../platform/events/watch.kind.js'
import { isTerminal, reviveBackfill, spaceTopicOf, topicOf } from './backfill.events.js'
import {
  type BackfillRecord,
  selectActiveInSpaces,
  selectChangedInSpaces,
  selectSettledTime,
  selectWatchedBackfills,
} from './backfill.sql.js'

// Longer than an event is late.
const FORGET_MS = 60_000

abstract class BackfillRows {
  constructor(protected readonly db: Queryable) {}

  receive(payload: unknown): BackfillRecord | null {
    return reviveBackfill(payload)
  }
}

/** One backfill, until it ends. The deletion of its space ends it, and is told as that. */
export class OneBackfill extends BackfillRows implements WatchKind<Subject, BackfillRecord> {
  topicOf({ id }: Subject): string {
    return topicOf(id)
  }

  isLast(row: BackfillRecord): boolean {
    return isTerminal(row)
  }

  async look(looks: readonly Look<Subject>[]): Promise<Found<BackfillRecord>> {
    const rows = await this.db.query(selectWatchedBackfills(looks))
    return foundOf(rows, (backfillId) => notFound('Backfill', { backfillId }))
  }

  refusal(error: Error, { id }: Subject): Error {
    return asMissing(error, 'Backfill', { backfillId: id })
  }
}

/**
 * Every backfill of a space: those at work first, and from then on what changes. A look costs what has changed, however
 * many backfills the space ever had. Who watches a space that is deleted gets the end of each backfill, and then the error.
 */
export class BackfillsOfSpace extends BackfillRows implements WatchKind<Subject, BackfillRecord> {
  readonly forgetMs = FORGET_MS

  topicOf({ id }: Subject): string {
    return spaceTopicOf(id)
  }

  isLast(): boolean {
    return false
  }

  async look(looks: readonly Look<Subject>[]): Promise<Found<BackfillRecord>> {
    const ids = looks.map(({ subject }) => subject.id)
    // Before the rows: what is committed after this moment may be missing from them.
    const [settled] = await this.db.query(selectSettledTime(ids))
    const rows = new Map<string, BackfillRecord[]>(ids.map((id) => [id, []]))
    for (const row of await this.#read(looks)) rows.get(row.spaceId)?.push(row)
    const gone = (settled?.deletedIds ?? []).map(
      (spaceId) => [spaceId, notFound('Space', { spaceId })] as const,
    )
    return { rows, gone: new Map(gone), settledAt: settled?.settledAt ?? null }
  }

  async #read(looks: readonly Look<Subject>[]): Promise<BackfillRecord[]> {
    const known = looks.flatMap(({ subject: { id }, settledAt: since }) => (since ? { id, since } : []))
    const unknown = looks.flatMap(({ subject: { id }, settledAt }) => (settledAt ? [] : id))
    const statements = [
      ...(unknown.length > 0 ? [selectActiveInSpaces(unknown)] : []),
      ...(known.length > 0 ? [selectChangedInSpaces(known)] : []),
    ]
    return (await Promise.all(statements.map((each) => this.db.query(each)))).flat()
  }
}
