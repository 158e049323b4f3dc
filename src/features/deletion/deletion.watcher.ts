import type { Database } from '../../platform/database/database.js'
import { invalid, notFound } from '../../platform/errors.js'
import type { WatchHub } from '../../platform/events/watch.hub.js'
import { requireId } from '../../platform/ids.js'
import { requireUnexpired, type Viewer } from '../access/viewer.js'
import type { WatchPass } from '../access/watch.gate.js'
import { type DeletionBatchRecord, selectBatches, selectBatchOfThread } from './purge/deletion.batch.sql.js'
import { OneDeletion } from './purge/deletion.events.js'

/** Selects a deletion by its batch or by its thread: exactly one of the two. */
export interface DeletionSelector {
  batchId?: string | null
  threadId?: string | null
}

/** Subscriptions to deletions. Only the user who deleted may watch, because the thread itself is no longer visible. */
export class DeletionWatcher {
  readonly #watched: OneDeletion

  constructor(
    private readonly db: Database,
    private readonly hub: WatchHub<WatchPass>,
  ) {
    this.#watched = new OneDeletion(db)
  }

  /** The owner of a deletion never changes, so rounds only check the credential. */
  async watch(viewer: Viewer, selector: DeletionSelector): Promise<AsyncIterable<DeletionBatchRecord>> {
    const { id } = await this.#get(viewer, selector)
    return this.hub.watch(this.#watched, { id }, { viewer, spaceId: null })
  }

  async #get(viewer: Viewer, { batchId, threadId }: DeletionSelector): Promise<DeletionBatchRecord> {
    requireUnexpired(viewer)
    if ((batchId == null) === (threadId == null)) throw invalid('Pass either batchId or threadId.')
    const statement =
      batchId == null
        ? selectBatchOfThread(requireId('threadId', threadId ?? ''))
        : selectBatches([requireId('batchId', batchId)])
    const [batch] = await this.db.query(statement)
    if (batch?.userId !== viewer.userId) {
      throw notFound('Deletion', batchId == null ? { threadId } : { batchId })
    }
    return batch
  }
}
