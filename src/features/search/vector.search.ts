import type { Database } from '../../platform/database.js'
import type { SpaceAccess } from '../access/access.js'
import { MAX_INDEXED_DIMENSIONS } from '../embeddings/vector.writer.js'
import { selectReadyIndex, setIndexScan } from './hnsw.sql.js'
import type { SearchFilter } from './search.filter.js'
import {
  searchIndexedVectors,
  searchVectors,
  searchWideVectors,
  type VectorHit,
  type VectorScope,
} from './vector.search.sql.js'

// Pieces looked at for so many messages: a long message has several, and wide vectors want candidates to rank again
// (200 keep the recall at 1.0 for 1,536 dimensions and 20,000 vectors). Few sizes, because each is planned by itself.
const FEWEST_PIECES = 200
const PIECES_A_RESULT = 4

// pgvector's limit of hnsw.ef_search.
const MOST_CANDIDATES = 1_000

/** Finds what is nearest to a vector in one space's store: by the store's index where it has one, else exactly. */
export class VectorSearch {
  constructor(private readonly db: Database) {}

  /** Each message by its nearest piece. Looks further when a few long messages took all the places. */
  async nearest(
    { id, storeId, embeddingDimensions }: SpaceAccess,
    vector: Uint8Array,
    filter: SearchFilter,
    limit: number,
  ): Promise<VectorHit[]> {
    const scope = { spaceId: id, storeId, dimensions: embeddingDimensions, filter }
    const isIndexed = !this.db.isEmbedded && (await this.db.query(selectReadyIndex(storeId))).length > 0
    let pieces = FEWEST_PIECES
    while (pieces < limit * PIECES_A_RESULT) pieces *= 2
    for (; ; pieces *= 4) {
      const hits = await this.#pieces(scope, vector, pieces, isIndexed)
      const nearest = new Map<string, VectorHit>()
      for (const hit of hits) if (!nearest.has(hit.messageId)) nearest.set(hit.messageId, hit)
      if (nearest.size >= limit || hits.length < pieces) return [...nearest.values()].slice(0, limit)
    }
  }

  /** An index scan may end before it has found enough that the filter lets through: what is there is then told exactly. */
  async #pieces(
    scope: VectorScope,
    vector: Uint8Array,
    limit: number,
    isIndexed: boolean,
  ): Promise<VectorHit[]> {
    const isWide = scope.dimensions > MAX_INDEXED_DIMENSIONS
    if (isIndexed) {
      const search = isWide ? searchWideVectors : searchIndexedVectors
      const hits = await this.db.transaction(async (tx) => {
        await tx.query(setIndexScan(Math.min(limit, MOST_CANDIDATES)))
        return tx.query<VectorHit>(search(scope, vector, limit))
      })
      if (hits.length === limit) return hits
    }
    return this.db.query((isWide ? searchWideVectors : searchVectors)(scope, vector, limit))
  }
}
