import type { DeletionMode, DeletionScope } from '../../../generated/prisma/enums.js'
import type { Transaction } from '../../../platform/database/database.js'
import { idsOf, type RequestIds } from '../../../platform/request.js'

/** The rows of deletions, as they are created. */

const DAY_MS = 86_400_000

export interface NewDeletionBatch {
  id: string
  userId: string
  scope: DeletionScope
  organizationId: string | null
  threadId: string | null
  mode: DeletionMode
  count: number
  messageCount: number
  retentionDays: number
  /** false: a worker purges what is hidden now */
  isDone: boolean
  request: RequestIds
}

/**
 * SOFT: to be purged after the retention. PERMANENT: purged already, or to be purged by a worker from now on.
 *
 * @returns until when it can be undone; null: it cannot
 */
export async function createDeletionBatch(tx: Transaction, batch: NewDeletionBatch): Promise<Date | null> {
  const { retentionDays, isDone, request, ...data } = batch
  const purgeAfter = data.mode === 'SOFT' ? new Date(tx.now.getTime() + retentionDays * DAY_MS) : null
  const { count: purgedThreads, messageCount: purgedMessages } = data
  await tx.prisma.deletionBatch.create({
    data: {
      ...data,
      ...idsOf(request),
      ...(purgeAfter
        ? { state: 'RESTORABLE', purgeAfter }
        : isDone
          ? { state: 'PURGED', purgedThreads, purgedMessages, finishedAt: tx.now }
          : { state: 'PURGING', nextAttemptAt: tx.now }),
    },
    select: { id: true },
  })
  return purgeAfter
}
