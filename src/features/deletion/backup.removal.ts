import { z } from 'zod'
import type { BackupStore } from '../../platform/backup.store.js'
import { type EffectHandler, PermanentFailure } from '../../platform/outbox.effect.js'

/** The effect of removing a backup on whose strength nothing was deleted, where that failed at first. */

export const BACKUP_REMOVAL = 'backup.remove'

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
