import type { Transaction } from '../../platform/database/database.js'
import type { BatchOutcome } from './batch.outcome.js'
import type { Claim } from './claim.sql.js'
import { selectVectorType, upsertFailures, upsertVectors, upsertWideVectors } from './embedding.sql.js'
import { encodeHalfVectorArray } from './half.floats.js'
import { copyVectors } from './reuse.sql.js'

/** Up to here a vector fits an index entry, whatever its row's ids are; a wider one stands beside the index. */
export const MAX_INDEXED_DIMENSIONS = 1_024

/** Vectors that were to be copied are not there any more; nothing was written. */
export class SourceGone extends Error {
  constructor(
    /** the messages whose vectors are there still */
    readonly copyableIds: readonly string[],
  ) {
    super('Vectors that were to be copied have gone.')
  }
}

/** Writes what became of a batch: refusals, and vectors, new ones and copies. */
export class VectorWriter {
  #vectorType: Promise<number> | null = null

  /** @returns how many vectors are new */
  async write(tx: Transaction, claim: Claim, outcome: BatchOutcome): Promise<number> {
    if (outcome.refusals.length > 0) await tx.query(upsertFailures(claim, outcome.refusals))
    return (await this.#copy(tx, claim, outcome)) + (await this.#insert(tx, claim, outcome))
  }

  async #copy(tx: Transaction, claim: Claim, { copies }: BatchOutcome): Promise<number> {
    if (copies.length === 0) return 0
    const copied = await tx.query(copyVectors(claim, copies))
    if (copied.length < copies.length) throw new SourceGone(copied.map(({ messageId }) => messageId))
    return copied.reduce((sum, { added }) => sum + added, 0)
  }

  async #insert(tx: Transaction, claim: Claim, outcome: BatchOutcome): Promise<number> {
    if (outcome.vectors.length === 0) return 0
    const binary = encodeHalfVectorArray(
      outcome.vectors.map(({ vector }) => vector),
      await this.#vectorTypeIn(tx),
    )
    const upsert = claim.embeddingDimensions > MAX_INDEXED_DIMENSIONS ? upsertWideVectors : upsertVectors
    const [written] = await tx.query<{ added: number }>(upsert(claim, outcome.vectors, binary))
    return written?.added ?? 0
  }

  #vectorTypeIn(tx: Transaction): Promise<number> {
    this.#vectorType ??= tx.query(selectVectorType()).then(([row]) => row?.oid ?? 0)
    return this.#vectorType
  }
}
