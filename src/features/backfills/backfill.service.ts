import type { Bus } from '../../platform/bus.js'
import type { Database, Queryable } from '../../platform/database.js'
import { HeddleError, notFound } from '../../platform/errors.js'
import { requireId } from '../../platform/ids.js'
import { LoaderDefinition } from '../../platform/loader.js'
import type { Page } from '../../platform/page.js'
import { accessTopics, requireCredential } from '../access/access.events.js'
import { requireSpace, requireWatchedSpace } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import { watchBackfill, watchSpaceBackfills } from './backfill.events.js'
import { type BackfillFailureRecord, listFailures } from './backfill.failure.sql.js'
import { type BackfillRecord, selectBackfills, selectLatestBackfills } from './backfill.sql.js'
import { SpaceChanges } from './space.changes.js'

/** Reading and watching backfills. Who may see a space sees how its backfills stand, also when the thread is gone. */
export class BackfillService {
  /** by `linkKey` */
  readonly latestByLink: LoaderDefinition<string, BackfillRecord>

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {
    this.latestByLink = new LoaderDefinition(async (keys) => {
      const links = keys.map((key) => JSON.parse(key) as [string, string])
      const [spaceIds, threadIds] = [links.map(([spaceId]) => spaceId), links.map(([, threadId]) => threadId)]
      const rows = await db.query<BackfillRecord>(selectLatestBackfills(spaceIds, threadIds))
      return new Map(rows.map((row) => [linkKey(row.spaceId, row.threadId), row]))
    })
  }

  get(viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    return this.getIn(this.db, viewer, backfillId)
  }

  async getIn(tx: Queryable, viewer: Viewer, backfillId: string): Promise<BackfillRecord> {
    requireId('backfillId', backfillId)
    const backfill = await readBackfill(tx, backfillId)
    await hidingSpace(backfillId, requireSpace(tx, viewer, 'read', backfill.spaceId))
    return backfill
  }

  /** What of the backfill's thread is refused in its space now, whichever backfill it was refused in. */
  async listFailures(viewer: Viewer, backfillId: string, page: Page): Promise<BackfillFailureRecord[]> {
    return this.db.query(listFailures(await this.get(viewer, backfillId), page))
  }

  /** Each look asks for access again. The deletion of the space ends the backfill, and is told as that. */
  async watch(viewer: Viewer, backfillId: string): Promise<AsyncIterableIterator<BackfillRecord>> {
    const { spaceId } = await this.get(viewer, backfillId)
    return watchBackfill(this.bus, backfillId, accessTopics(viewer, spaceId), async () => {
      await requireCredential(this.db, viewer)
      // Before the row: when the space is deleted by now, the row is at its end.
      await hidingSpace(backfillId, requireWatchedSpace(this.db, viewer, spaceId))
      return [await readBackfill(this.db, backfillId)]
    })
  }

  /** Who watches a space that is deleted gets the end of each backfill, and at the next look the error. */
  async watchSpace(viewer: Viewer, spaceId: string): Promise<AsyncIterableIterator<BackfillRecord>> {
    await requireSpace(this.db, viewer, 'read', spaceId)
    const changes = new SpaceChanges(this.db, spaceId)
    let isDeleted = false
    return watchSpaceBackfills(this.bus, spaceId, accessTopics(viewer, spaceId), async () => {
      if (isDeleted) throw notFound('Space', { spaceId })
      await requireCredential(this.db, viewer)
      isDeleted = (await requireWatchedSpace(this.db, viewer, spaceId)).isDeleted
      return changes.read()
    })
  }
}

async function readBackfill(tx: Queryable, backfillId: string): Promise<BackfillRecord> {
  const [backfill] = await tx.query<BackfillRecord>(selectBackfills([backfillId]))
  if (!backfill) throw notFound('Backfill', { backfillId })
  return backfill
}

// A backfill of a space that the viewer cannot see is as good as missing, and so is one of a deleted space.
async function hidingSpace(backfillId: string, check: Promise<unknown>): Promise<void> {
  try {
    await check
  } catch (error) {
    if (error instanceof HeddleError && error.code === 'RESOURCE_NOT_FOUND')
      throw notFound('Backfill', { backfillId })
    throw error
  }
}

export function linkKey(spaceId: string, threadId: string): string {
  return JSON.stringify([spaceId, threadId])
}
