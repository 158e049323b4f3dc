import type { NewVector, PendingMessage, Refusal } from './embedding.sql.js'
import type { VectorCopy } from './reuse.sql.js'

/** What became of messages, in their order: each has all of its vectors, can be copied, was refused, or has no text. */
export interface BatchOutcome {
  messages: PendingMessage[]
  vectors: NewVector[]
  copies: VectorCopy[]
  refusals: Refusal[]
  /** what ended the work before the last messages of the batch, which are left out here; null: nothing did */
  interruption: unknown
}

/** Of a batch that failed before its first message. */
export function interruptedBy(interruption: unknown): BatchOutcome {
  return { messages: [], vectors: [], copies: [], refusals: [], interruption }
}

/** Batches that follow one another, as one. */
export function joinOutcomes(outcomes: readonly BatchOutcome[]): BatchOutcome {
  return {
    messages: outcomes.flatMap(({ messages }) => messages),
    vectors: outcomes.flatMap(({ vectors }) => vectors),
    copies: outcomes.flatMap(({ copies }) => copies),
    refusals: outcomes.flatMap(({ refusals }) => refusals),
    interruption: outcomes.at(-1)?.interruption ?? null,
  }
}

/** What of a batch a backfill counts. */
export function countsOf(
  { messages, refusals, vectors, copies }: BatchOutcome,
  isCounted: (message: PendingMessage) => boolean,
) {
  const refused = new Set(refusals.map(({ messageId }) => messageId))
  const copied = new Set(copies.map(({ messageId }) => messageId))
  const withVectors = new Set(vectors.map(({ messageId }) => messageId))
  const counted = messages.filter(isCounted)
  const failed = counted.filter(({ id }) => refused.has(id)).length
  const reused = counted.filter(({ id }) => copied.has(id)).length
  const embedded = reused + counted.filter(({ id }) => withVectors.has(id)).length
  return { embedded, reused, failed, skipped: counted.length - failed - embedded }
}

/** A batch without the messages that are not to be written. */
export function restrictOutcome(outcome: BatchOutcome, isKept: (messageId: string) => boolean): BatchOutcome {
  return {
    ...outcome,
    messages: outcome.messages.filter(({ id }) => isKept(id)),
    vectors: outcome.vectors.filter(({ messageId }) => isKept(messageId)),
    copies: outcome.copies.filter(({ messageId }) => isKept(messageId)),
    refusals: outcome.refusals.filter(({ messageId }) => isKept(messageId)),
  }
}
