import type { Database } from '../../platform/database.js'
import { HeddleError, invalid } from '../../platform/errors.js'
import { byId } from '../../platform/loader.js'
import { readPageSize } from '../../platform/page.js'
import { requireText } from '../../platform/validate.js'
import { requireSpace } from '../access/access.js'
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
// So many candidates by bits keep the recall at 1.0 when they are ranked again (1,536 dimensions, 20,000 vectors).
const CANDIDATES = 200

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
    const hits = await this.db.query<SearchHit>(
      space.embeddingDimensions > MAX_INDEXED_DIMENSIONS
        ? searchWideVectors(
            spaceId,
            vector,
            space.embeddingDimensions,
            Math.max(CANDIDATES, 2 * limit),
            limit,
          )
        : searchVectors(spaceId, vector, limit),
    )
    return this.#withMessages(hits)
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
