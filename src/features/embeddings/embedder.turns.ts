import { FairLimit } from '../../platform/fair.limit.js'
import type { Embedder } from '../embedders/embedder.js'
import type { ClaimedLink } from './embedding.sql.js'

/**
 * Shares the calls that embedders take among all links that a process works on, by turns. A search calls its embedder
 * without waiting for a turn: nobody waits for a search behind a backfill.
 */
export class EmbedderTurns {
  readonly #limits = new WeakMap<Embedder, FairLimit>()

  embed(
    embedder: Embedder,
    { spaceId, threadId }: ClaimedLink,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    let limit = this.#limits.get(embedder)
    if (!limit) {
      limit = new FairLimit(embedder.concurrency)
      this.#limits.set(embedder, limit)
    }
    return limit.run(`${spaceId} ${threadId}`, signal, () => embedder.embed(texts, signal))
  }
}
