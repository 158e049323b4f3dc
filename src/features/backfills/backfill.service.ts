import type { Database, Queryable } from '../../platform/database/database.js'
import { notFound } from '../../platform/errors.js'
import type { WatchHub } from '../../platform/events/watch.hub.js'
import { LoaderDefinition } from '../../platform/graphql/loader.js'
import type { Page } from '../../platform/graphql/page.js'
import { requireId } from '../../platform/ids.js'
import { hidden, requireSpace } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import type { WatchPass } from '../access/watch.gate.js'
import { type BackfillFailureRecord, listFailures } from './backfill.failure.sql.js'
import { type BackfillRecord, selectBackfills, selectLatestBackfills } from './backfill.sql.js'
import { BackfillsOfSpace, OneBackfill } from './backfill.watch.js'

/** Reading and watching backfills. Who may see a space sees how its backfills stand, also when the thread is gone. */
export class BackfillService {
  /** by `linkKey` */
  readonly latestByLink: LoaderDefinition<string, BackfillRecord>
  readonly #one: OneBackfill
  readonly #ofSpace: BackfillsOfSpace

  constructor(
    private readonly db: Database,
    private readonly hub: WatchHub<WatchPass>,
  ) {
    this.#one = new OneBackfill(db)
    this.#ofSpace = new BackfillsOfSpace(db)
    this.latestByLink = new LoaderDefinition(async (keys) => {
      const links = keys.map((key) => JSON.parse(key) as [string, string])
      const [spaceIds, threadIds] = [links.map(([spaceId]) => spaceId), links.map(([, threadId]) => threadId)]
      const rows = await db.query(selectLatestBackfills(spaceIds, threadIds))
      return new Map(rows.map((row) => [linkKey(row.spaceId, row.threadId), row]))
    })
  }

  get(viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    return this.getIn(this.db, viewer, backfillId)
  }

  async getIn(tx: Queryable, viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    requireId('backfillId', backfillId)
    const backfill = await readBackfill(tx, backfillId)
    await hidden('Backfill', { backfillId }, requireSpace(tx, viewer, 'read', backfill.spaceId))
    return backfill
  }

  /** What of the backfill's thread is refused in its space now, whichever backfill it was refused in. */
  async listFailures(viewer: Viewer, backfillId: string, page: Page): Promise<BackfillFailureRecord[]> {
    return this.db.query(listFailures(await this.get(viewer, backfillId), page))
  }

  /** Access is asked for again and again, by the hub. */
  async watch(viewer: Viewer, backfillId: string): Promise<AsyncIterable<BackfillRecord>> {
    const { spaceId } = await this.get(viewer, backfillId)
    return this.hub.watch(this.#one, { id: backfillId }, { viewer, spaceId })
  }

  async watchSpace(viewer: Viewer, spaceId: string): Promise<AsyncIterable<BackfillRecord>> {
    await requireSpace(this.db, viewer, 'read', spaceId)
    return this.hub.watch(this.#ofSpace, { id: spaceId }, { viewer, spaceId })
  }
}

async function readBackfill(tx: Queryable, backfillId: string): Promise<BackfillRecord> {
  const [backfill] = await tx.query(selectBackfills([backfillId]))
  if (!backfill || backfill.kind === 'REEMBED') throw notFound('Backfill', { backfillId })
  return backfill
}

export function linkKey(spaceId: string, threadId: string): string {
  return JSON.stringify([spaceId, threadId])
}
