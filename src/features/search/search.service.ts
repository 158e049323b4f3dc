import type { Database } from '../../platform/database.js'
import { HeddleError, invalid } from '../../platform/errors.js'
import { byId } from '../../platform/loader.js'
import { readPageSize } from '../../platform/page.js'
import { requireText } from '../../platform/validate.js'
import { requireSpace, type SpaceAccess } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import { chunkText } from '../embeddings/chunks.js'
import { type Embedder, EmbedderUnavailableError, EmbeddingRefusedError } from '../embeddings/embedder.js'
import { MAX_INDEXED_DIMENSIONS } from '../embeddings/embedding.store.js'
import { encodeHalfVector } from '../embeddings/half.floats.js'
import { type MessageRecord, selectMessages } from '../messages/message.sql.js'
import type { LinkService } from '../spaces/link.service.js'
import { type SearchHit, searchVectors, searchWideVectors } from './search.sql.js'

const DEFAULT_RESULTS = 10
const MAX_QUERY = 2_000
const TIMEOUT_MS = 20_000
// Pieces looked at for so many messages: a long message has several, and wide vectors want candidates to rank again
// (200 keep the recall at 1.0 for 1,536 dimensions and 20,000 vectors). Few sizes, because each is planned by itself.
const FEWEST_PIECES = 200
const PIECES_A_RESULT = 4

export interface SearchResult {
  score: number
  message: MessageRecord
}

/** Finds the messages of a space that are nearest in meaning to a text. */
export class SearchService {
  constructor(
    private readonly db: Database,
    private readonly embedder: Embedder,
    private readonly links: LinkService,
  ) {}

  async search(
    viewer: Viewer,
    spaceId: string,
    text: string,
    first: number | null | undefined,
  ): Promise<SearchResult[]> {
    const space = await requireSpace(this.db, viewer, 'read', spaceId)
    const query = requireText('query', text, 1, MAX_QUERY)
    const limit = readPageSize(first, DEFAULT_RESULTS)
    this.links.requireModel(space)
    const vector = encodeHalfVector(await this.#embed(query))
    return this.#withMessages(await this.#nearest(space, vector, limit))
  }

  /** Each message by its nearest piece. Looks further when a few long messages took all the places. */
  async #nearest(
    { id, embeddingDimensions }: SpaceAccess,
    vector: Uint8Array,
    limit: number,
  ): Promise<SearchHit[]> {
    let pieces = FEWEST_PIECES
    while (pieces < limit * PIECES_A_RESULT) pieces *= 2
    for (; ; pieces *= 4) {
      const hits = await this.db.query<SearchHit>(
        embeddingDimensions > MAX_INDEXED_DIMENSIONS
          ? searchWideVectors(id, vector, embeddingDimensions, pieces)
          : searchVectors(id, vector, pieces),
      )
      const nearest = new Map<string, SearchHit>()
      for (const hit of hits) if (!nearest.has(hit.messageId)) nearest.set(hit.messageId, hit)
      if (nearest.size >= limit || hits.length < pieces) return [...nearest.values()].slice(0, limit)
    }
  }

  async #embed(query: string): Promise<Float32Array> {
    const [piece] = chunkText(query)
    if (piece === undefined) throw invalid('Invalid query. It has no text.')
    try {
      const [vector] = await this.embedder.embed([piece], AbortSignal.timeout(TIMEOUT_MS))
      return vector as Float32Array
    } catch (error) {
      throw unanswerable(error)
    }
  }

  // A message may have gone since the vectors were read: it is left out, like one that was never found.
  async #withMessages(hits: SearchHit[]): Promise<SearchResult[]> {
    const messages = byId(
      await this.db.query<MessageRecord>(selectMessages(hits.map(({ messageId }) => messageId))),
    )
    return hits.flatMap(({ messageId, distance }) => {
      const message = messages.get(messageId)
      return message ? [{ score: 1 - distance, message }] : []
    })
  }
}

function unanswerable(cause: unknown): unknown {
  if (cause instanceof EmbeddingRefusedError) return invalid('Invalid query. The embedder refused it.')
  const isAway = cause instanceof EmbedderUnavailableError || (cause as Error | null)?.name === 'TimeoutError'
  if (!isAway) return cause
  return new HeddleError('SERVICE_UNAVAILABLE', 'The embedder does not answer now. Try again later.', {
    systemMessage: 'Embedder unavailable',
    cause,
  })
}
