import { FairLimit } from '../../platform/workers/fair.limit.js'
import type { Embedder } from '../embedders/embedder.js'
import type { Claim } from './claim.sql.js'
import { EmbedderRest } from './embedder.rest.js'

interface Access {
  limit: FairLimit
  rest: EmbedderRest
}

/**
 * Shares the calls that embedders take among all threads that a process works on, by turns, and keeps them all to what an
 * embedder asks for. A search calls its embedder without waiting for a turn: nobody waits for a search behind a backfill.
 */
export class EmbedderTurns {
  readonly #accesses = new WeakMap<Embedder, Access>()

  embed(
    embedder: Embedder,
    { storeId, threadId }: Claim,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    const { limit, rest } = this.#accessTo(embedder)
    return limit.run(`${storeId} ${threadId}`, signal, () =>
      rest.run(signal, () => embedder.embed(texts, signal)),
    )
  }

  #accessTo(embedder: Embedder): Access {
    const known = this.#accesses.get(embedder)
    if (known) return known
    const access = { limit: new FairLimit(embedder.concurrency), rest: new EmbedderRest() }
    this.#accesses.set(embedder, access)
    return access
  }
}
