import type { Transaction } from '../../platform/database/database.js'
import { sha256 } from '../../platform/ids.js'
import { type BatchOutcome, restrictOutcome } from './batch.outcome.js'
import type { Claim } from './claim.sql.js'
import { type PendingMessage, selectContentHashes, selectMessageChanges } from './embedding.sql.js'

export interface Compared {
  /** of messages that say what they said when they were read */
  kept: BatchOutcome
  /** messages that say something else now; one that is gone is nowhere */
  edited: PendingMessage[]
}

/**
 * Fences off what was made of a text that is no more. Under the claim's lock, for which a change of a message waits as
 * well: it is seen here, or it finds what is written now. Few threads change, so a batch costs one look at a number.
 */
export async function leaveOutChanged(
  tx: Transaction,
  { threadId, messageChanges }: Claim,
  outcome: BatchOutcome,
): Promise<Compared> {
  const [thread] = await tx.query(selectMessageChanges(threadId))
  if (thread?.messageChanges === messageChanges) return { kept: outcome, edited: [] }
  const ids = outcome.messages.map(({ id }) => id)
  const stored = await tx.query(selectContentHashes(ids))
  const hashes = new Map(stored.map(({ id, hash }) => [id, hash]))
  const keptIds = new Set<string>()
  const edited: PendingMessage[] = []
  for (const message of outcome.messages) {
    const hash = hashes.get(message.id)
    if (hash === sha256(message.content)) keptIds.add(message.id)
    else if (hash !== undefined) edited.push(message)
  }
  return { kept: restrictOutcome(outcome, (id) => keptIds.has(id)), edited }
}
