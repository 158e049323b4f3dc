import { HeddleError, invalid } from '../../platform/errors.js'
import { chunkText } from '../embedders/chunks.js'
import { type Embedder, EmbedderUnavailableError, EmbeddingRefusedError } from '../embedders/embedder.js'
import { encodeHalfVector } from '../embeddings/half.floats.js'

/** Embeds a query. The vector of a long query is the mean of its chunks' vectors. */
export async function embedQuery(embedder: Embedder, text: string, timeoutMs: number): Promise<Uint8Array> {
  const pieces = chunkText(text)
  if (pieces.length === 0) throw invalid('Invalid query. It has no text.')
  try {
    return encodeHalfVector(meanOf(await embedder.embed(pieces, AbortSignal.timeout(timeoutMs))))
  } catch (error) {
    throw unanswerable(error)
  }
}

function meanOf(vectors: Float32Array[]): Float32Array {
  const [first, ...others] = vectors as [Float32Array, ...Float32Array[]]
  if (others.length === 0) return first
  const sum = first.map((component, index) =>
    others.reduce((total, vector) => total + (vector[index] ?? 0), component),
  )
  const length = Math.hypot(...sum)
  // Opposite vectors have no mean: use the first one.
  return length > 0 ? sum.map((component) => component / length) : first
}

function unanswerable(cause: unknown): unknown {
  if (cause instanceof EmbeddingRefusedError) return invalid('Invalid query. The embedder refused it.')
  const isAway = cause instanceof EmbedderUnavailableError || (cause as Error | null)?.name === 'TimeoutError'
  if (!isAway) return cause
  return new HeddleError('SERVICE_UNAVAILABLE', 'The embedding provider does not answer. Try again later.', {
    systemMessage: 'Embedder unavailable',
    cause,
  })
}
