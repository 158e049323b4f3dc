import type { Database } from '../../platform/database/database.js'
import type { SpaceAccess } from '../access/access.js'
import { selectReadyIndex, setIndexScan } from '../embeddings/hnsw.sql.js'
import { MAX_INDEXED_DIMENSIONS } from '../embeddings/vector.writer.js'
import type { SearchFilter } from './search.filter.js'
import {
  type NearHit,
  searchIndexedVectors,
  searchMessages,
  searchVectors,
  searchWideMessages,
  searchWideVectors,
  type VectorHit,
  type VectorScope,
} from './vector.search.sql.js'

// Chunks examined to find the requested messages, because long messages have several. A scan costs about the same for many
// as for few. Wide vectors are read individually for re-ranking (200 candidates keep recall at 1.0 for 1,536 dimensions and
// 20,000 vectors), and an index is traversed step by step.
const FEWEST_PIECES = 3_200
const PIECES_A_MESSAGE = 4
const INDEXED_PIECES_A_MESSAGE = [4, 16]

// pgvector's limit of hnsw.ef_search.
const MOST_CANDIDATES = 1_000

/** Finds the nearest messages in one space's store: by the store's index if it has one, otherwise exactly. */
export class VectorSearch {
  constructor(private readonly db: Database) {}

  /**
   * Each message by its nearest chunk. Examines the nearest chunks first; if a few long messages account for all of them, one
   * more scan ranks messages instead, so the work is bounded for any messages.
   */
  async nearest(
    { id, storeId, embeddingDimensions }: SpaceAccess,
    vector: Uint8Array,
    filter: SearchFilter,
    limit: number,
  ): Promise<VectorHit[]> {
    const scope = { spaceId: id, storeId, dimensions: embeddingDimensions, filter }
    const isIndexed = !this.db.isEmbedded && (await this.db.query(selectReadyIndex(storeId))).length > 0
    const hits = isIndexed ? await this.#byIndex(scope, vector, limit) : null
    return hits ?? (await this.#exactly(scope, vector, limit))
  }

  /** null: the scan ended before it found enough matches of the filter, or found too many chunks of a few messages. */
  async #byIndex(scope: VectorScope, vector: Uint8Array, messages: number): Promise<VectorHit[] | null> {
    const search = isWide(scope) ? searchWideVectors : searchIndexedVectors
    for (const piecesOfEach of INDEXED_PIECES_A_MESSAGE) {
      const pieces = messages * piecesOfEach
      const hits = await this.db.transaction(async (tx) => {
        await tx.query(setIndexScan(Math.min(pieces, MOST_CANDIDATES)))
        return tx.query<NearHit>(search(scope, vector, { pieces, messages }))
      })
      if (hits.length === messages) return hits
      if ((hits[0]?.pieces ?? 0) < pieces) return null
    }
    return null
  }

  async #exactly(scope: VectorScope, vector: Uint8Array, messages: number): Promise<VectorHit[]> {
    const wide = isWide(scope)
    const pieces = Math.max(wide ? 0 : FEWEST_PIECES, messages * PIECES_A_MESSAGE)
    const depth = { messages, pieces }
    const hits = await this.db.query<NearHit>(
      (wide ? searchWideVectors : searchVectors)(scope, vector, depth),
    )
    const isComplete = hits.length === messages || (hits[0]?.pieces ?? 0) < pieces
    if (isComplete) return hits
    return this.db.query(
      wide ? searchWideMessages(scope, vector, depth) : searchMessages(scope, vector, messages),
    )
  }
}

const isWide = ({ dimensions }: VectorScope): boolean => dimensions > MAX_INDEXED_DIMENSIONS
