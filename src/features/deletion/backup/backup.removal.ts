import { z } from 'zod'
import type { BackupStore } from '../../../platform/backup/backup.store.js'
import { type EffectHandler, PermanentFailure } from '../../../platform/outbox/outbox.effect.js'

/**
 * Removes a backup that no deletion refers to. The effect is created before the backup is written, due long after the
 * deletion must have ended, and the deletion cancels it in its own transaction: so, whenever a process dies, a backup is
 * kept if and only if a deletion refers to it.
 */

export const BACKUP_REMOVAL = 'backup.remove'

/** Longer than writing any backup and deleting its thread can take. */
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
