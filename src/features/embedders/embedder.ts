/** What makes vectors of texts. Every embedder keeps this contract; which one it is, nobody else needs to know. */
export interface Embedder {
  /** Named on every vector: vectors of different models are never compared. */
  readonly model: string
  readonly dimensions: number
  /** texts that one call should carry */
  readonly batchSize: number
  /** calls that one process may have in flight for backfills, over all of its links */
  readonly concurrency: number

  /**
   * One vector a text, in the order of the texts: finite, of length 1, never all zeros, so that a cosine with it exists.
   * Throws EmbeddingRefusedError, EmbedderUnavailableError, UnusableAnswerError, or the signal's reason.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>

  /** Ends calls in flight (EmbedderUnavailableError) and frees what the embedder holds. */
  close(): Promise<void>
}

/**
 * The embedder will not take this input, now or later: no retry helps. A refusal of several texts does not say which
 * one it meant, so the caller divides them until the refused one stands alone.
 */
export class EmbeddingRefusedError extends Error {
  override readonly name = 'EmbeddingRefusedError'
}

/** The embedder cannot answer now, or not until its configuration is mended; the input is not to blame. */
export class EmbedderUnavailableError extends Error {
  override readonly name: string = 'EmbedderUnavailableError'

  constructor(
    message: string,
    /** milliseconds that the endpoint asks to be left alone; null when it names none */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * There was an answer, but not what was asked for: vectors of another length, too few, or not of numbers. One text may
 * be to blame, or the endpoint: it is known once another text is answered.
 */
export class UnusableAnswerError extends EmbedderUnavailableError {
  override readonly name = 'UnusableAnswerError'
}

/** The embedder is there, and gives no vector for what it was asked. */
export function isAnswer(error: unknown): error is EmbeddingRefusedError | UnusableAnswerError {
  return error instanceof EmbeddingRefusedError || error instanceof UnusableAnswerError
}
