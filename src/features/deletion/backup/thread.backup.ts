import { type BackupStore, isIntact, type WrittenBackup } from '../../../platform/backup/backup.store.js'
import type { Database, Transaction } from '../../../platform/database/database.js'
import { conflict, HeddleError } from '../../../platform/errors.js'
import { mintId } from '../../../platform/ids.js'
import type { Outbox } from '../../../platform/outbox/outbox.js'
import { Turns } from '../../../platform/workers/turns.js'
import type { Viewer } from '../../access/viewer.js'
import type { ThreadSnapshot } from '../deletion.sql.js'
import { BACKUP_REMOVAL, REMOVAL_DELAY_MS } from './backup.removal.js'
import { selectHeader, selectVersion } from './thread.backup.sql.js'
import { writeThread } from './thread.lines.js'

/** A verified backup, and the version of the thread that it contains. */
export interface ThreadBackup extends WrittenBackup {
  version: string
  /** the effect that removes the backup unless a deletion refers to it */
  removalId: string
}

/** Deletes the thread if the backup matches it under the deletion's locks; otherwise throws BackupOutdated. */
type Deletion<Reply> = (backup: ThreadBackup | null) => Promise<Reply>

/** There is no backup yet, or the thread has changed since: nothing was deleted. Never leaves this module's callers. */
class BackupOutdated extends Error {
  override readonly name = 'BackupOutdated'
}

const MAX_BACKUPS = 3

/** Backs up threads before their deletion: written and verified outside any transaction, compared within it. */
export class ThreadBackups {
  // Serializes deletions of one thread, which would otherwise both write it.
  readonly #turns = new Turns()

  constructor(
    private readonly db: Database,
    private readonly store: BackupStore,
    private readonly outbox: Outbox,
  ) {}

  /** Throws unless `backup` matches the thread, whose row the transaction has locked. The commit makes the backup permanent. */
  async requireCurrent(
    tx: Transaction,
    threadId: string,
    { messageCount, agentRunCount }: ThreadSnapshot,
    backup: ThreadBackup | null,
  ): Promise<void> {
    const [thread] = await tx.query(selectVersion(threadId))
    const isWhole = backup?.lines === 1 + messageCount + agentRunCount
    if (!isWhole || thread?.version !== backup.version) throw new BackupOutdated()
    // Otherwise the backup took too long, and is being removed.
    if (!(await this.outbox.withdraw(tx, backup.removalId))) throw new BackupOutdated()
  }

  /** The first attempt is without a backup, so that none is written if the caller may not delete or gets a stored reply. */
  async before<Reply extends { backupLocation: string | null }>(
    viewer: Viewer,
    threadId: string,
    deletion: Deletion<Reply>,
  ): Promise<Reply> {
    try {
      return await deletion(null)
    } catch (error) {
      if (!(error instanceof BackupOutdated)) throw error
    }
    return this.#turns.run(threadId, () => this.#delete(viewer, threadId, deletion))
  }

  async #delete<Reply extends { backupLocation: string | null }>(
    viewer: Viewer,
    threadId: string,
    deletion: Deletion<Reply>,
  ): Promise<Reply> {
    for (let backups = 1; ; backups++) {
      const backup = await this.#write(viewer, threadId)
      try {
        const reply = await deletion(backup)
        // The stored reply of a concurrent call refers to that call's backup.
        if (backup && reply.backupLocation !== backup.location) await this.#discard(backup)
        return reply
      } catch (error) {
        // After any other error the deletion may have been committed, and the backup may be the only copy.
        const isRefused = error instanceof BackupOutdated || error instanceof HeddleError
        if (backup && isRefused) await this.#discard(backup)
        if (!(error instanceof BackupOutdated)) throw error
        if (backups === MAX_BACKUPS) throw keptChanging(threadId)
      }
    }
  }

  /** @returns null if there is no live thread any more: the deletion then reports why */
  async #write(viewer: Viewer, threadId: string): Promise<ThreadBackup | null> {
    const [found] = await this.db.query(selectHeader(threadId))
    if (!found) return null
    const { version, ...header } = found
    const name = `${mintId('bkup')}.jsonl`
    const location = this.store.locate(name)
    const effect = {
      kind: BACKUP_REMOVAL,
      payload: { location },
      organizationId: header.organizationId,
      request: viewer.request,
    }
    const removalId = await this.db.transaction((tx) => this.outbox.addEffect(tx, effect, REMOVAL_DELAY_MS))
    try {
      const written = await this.store.write(name, writeThread(this.db, header))
      if (await isIntact(this.store, written)) return { ...written, version, removalId }
      throw new Error('The backup store returned something else than was written')
    } catch (cause) {
      await this.#discard({ location, removalId })
      throw new HeddleError(
        'SERVICE_UNAVAILABLE',
        'The backup could not be written, so nothing was deleted. Try again in a moment.',
        { systemMessage: 'Backup failed', details: { threadId }, cause },
      )
    }
  }

  /** No deletion relied on this backup. If it cannot be removed now, the outbox does it later. */
  async #discard({ location, removalId }: Pick<ThreadBackup, 'location' | 'removalId'>): Promise<void> {
    const isRemoved = await this.store.remove(location).then(
      () => true,
      () => false,
    )
    await this.db.transaction(async (tx) => {
      if (isRemoved) await this.outbox.withdraw(tx, removalId)
      else await this.outbox.hasten(tx, removalId)
    })
  }
}

function keptChanging(threadId: string): HeddleError {
  return conflict(
    'The thread changed during each backup, so nothing was deleted. Try again when it no longer changes.',
    'Thread kept changing',
    { threadId },
  )
}
