import { chunkText } from './chunks.js'
import { type Embedder, EmbeddingRefusedError } from './embedder.js'
import type { NewVector, PendingMessage, Refusal } from './embedding.sql.js'

/** What became of the messages of one batch. */
export interface BatchOutcome {
  messages: PendingMessage[]
  vectors: NewVector[]
  refusals: Refusal[]
  embedded: number
  skipped: number
}

interface Piece {
  message: PendingMessage
  chunk: number
  text: string
}

const MAX_ERROR_LENGTH = 500

/** Embeds messages piece by piece. A message counts as embedded when each of its pieces is, and else as refused whole. */
export async function embedBatch(
  embedder: Embedder,
  messages: PendingMessage[],
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const pieces = messages.flatMap((message) =>
    chunkText(message.content).map((text, chunk): Piece => ({ message, chunk, text })),
  )
  const refused = new Map<string, Refusal>()
  const vectors: NewVector[] = []
  for (let start = 0; start < pieces.length; start += embedder.batchSize) {
    vectors.push(
      ...(await embedPieces(embedder, pieces.slice(start, start + embedder.batchSize), refused, signal)),
    )
  }
  const withText = new Set(pieces.map(({ message }) => message.id))
  return {
    messages,
    vectors: vectors.filter(({ messageId }) => !refused.has(messageId)),
    refusals: [...refused.values()],
    embedded: withText.size - refused.size,
    skipped: messages.length - withText.size,
  }
}

/** A refusal of several pieces does not say which one it meant: halves are tried until it stands alone. */
async function embedPieces(
  embedder: Embedder,
  pieces: Piece[],
  refused: Map<string, Refusal>,
  signal: AbortSignal,
): Promise<NewVector[]> {
  try {
    const vectors = await embedder.embed(
      pieces.map(({ text }) => text),
      signal,
    )
    return pieces.map(({ message, chunk }, index) => ({
      messageId: message.id,
      chunk,
      vector: vectors[index] as Float32Array,
    }))
  } catch (error) {
    if (!(error instanceof EmbeddingRefusedError)) throw error
    const [only] = pieces
    if (pieces.length === 1 && only) {
      const { id, sequence } = only.message
      refused.set(id, { messageId: id, sequence, error: error.message.slice(0, MAX_ERROR_LENGTH) })
      return []
    }
    const middle = Math.ceil(pieces.length / 2)
    const first = await embedPieces(embedder, pieces.slice(0, middle), refused, signal)
    const second = await embedPieces(embedder, pieces.slice(middle), refused, signal)
    return [...first, ...second]
  }
}
