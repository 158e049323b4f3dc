import type { Bus } from '../../platform/bus.js'
import type { Database } from '../../platform/database.js'
import { invalid, notFound } from '../../platform/errors.js'
import { requireId } from '../../platform/ids.js'
import { requireCredential } from '../access/access.events.js'
import { requireUnexpired, type Viewer } from '../access/viewer.js'
import { type DeletionBatchRecord, selectBatches, selectBatchOfThread } from '../purge/deletion.batch.sql.js'
import { watchDeletion } from '../purge/deletion.events.js'

/** A deletion by its batch, or by its thread: exactly one of the two. */
export interface DeletionSelector {
  batchId?: string | null
  threadId?: string | null
}

/** Watching deletions. Who deleted sees how far it is; the thread itself is nobody's to see any more. */
export class DeletionWatcher {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  async watch(
    viewer: Viewer,
    selector: DeletionSelector,
  ): Promise<AsyncIterableIterator<DeletionBatchRecord>> {
    const { id: batchId } = await this.#get(viewer, selector)
    return watchDeletion(this.bus, batchId, async () => {
      await requireCredential(this.db, viewer)
      return [await this.#get(viewer, { batchId })]
    })
  }

  async #get(viewer: Viewer, { batchId, threadId }: DeletionSelector): Promise<DeletionBatchRecord> {
    requireUnexpired(viewer)
    if ((batchId == null) === (threadId == null)) throw invalid('Pass either batchId or threadId.')
    const statement =
      batchId == null
        ? selectBatchOfThread(requireId('threadId', threadId ?? ''))
        : selectBatches([requireId('batchId', batchId)])
    const [batch] = await this.db.query<DeletionBatchRecord>(statement)
    if (batch?.userId !== viewer.userId) {
      throw notFound('Deletion', batchId == null ? { threadId } : { batchId })
    }
    return batch
  }
}
