import { z } from 'zod'
import type { BackupStore } from '../../platform/backup.store.js'
import { type EffectHandler, PermanentFailure } from '../../platform/outbox.effect.js'

/**
 * The effect of removing a backup. It is written before the backup is, for a time when the deletion has long ended, and the
 * deletion takes it back in its own transaction: whenever a process dies, a backup stays exactly when a deletion names it.
 */

export const BACKUP_REMOVAL = 'backup.remove'

/** Longer than it takes to write any backup and to delete its thread. */
export const REMOVAL_DELAY_MS = 6 * 3_600_000

const removalPayload = z.object({ location: z.string() })

export function backupRemoval(store: BackupStore): EffectHandler {
  return {
    async run({ payload }) {
      const { data } = removalPayload.safeParse(payload)
      if (!data) throw new PermanentFailure('The effect does not say which backup to remove.')
      await store.remove(data.location)
    },
  }
}
