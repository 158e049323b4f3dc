import type { Queryable } from '../../platform/database/database.js'
import type { Claim } from './claim.sql.js'
import type { PendingMessage } from './embedding.sql.js'
import { selectCopyable, selectSources, type VectorCopy } from './reuse.sql.js'

/** The stores that may hold vectors of this thread's messages. */
export async function findSources(db: Queryable, claim: Claim): Promise<string[]> {
  const sources = await db.query(selectSources(claim))
  return sources.map(({ storeId }) => storeId)
}

/** Which of these messages have vectors in one of these stores. */
export async function findCopies(
  db: Queryable,
  claim: Claim,
  sourceIds: readonly string[],
  messages: readonly PendingMessage[],
): Promise<VectorCopy[]> {
  if (sourceIds.length === 0) return []
  const ids = messages.map(({ id }) => id)
  return db.query(selectCopyable(claim, sourceIds, ids))
}
