/** The contract of embedders. Nothing else depends on which embedder is used. */
export interface Embedder {
  /** Stored with every vector: vectors of different models are never compared. */
  readonly model: string
  readonly dimensions: number
  /** preferred number of texts per call */
  readonly batchSize: number
  /** concurrent calls per process for backfills, over all links */
  readonly concurrency: number

  /**
   * One vector per text, in order: finite and of length 1, never all zeros, so that cosine similarity is defined.
   * Throws EmbeddingRefusedError, EmbedderUnavailableError, UnusableAnswerError, or the signal's reason.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>

  /** Aborts running calls with EmbedderUnavailableError and releases resources. */
  close(): Promise<void>
}

/**
 * The embedder will never accept this input: retrying does not help. A refusal of several texts does not tell which one was
 * meant, so the caller splits them until the refused one is alone.
 */
export class EmbeddingRefusedError extends Error {
  override readonly name = 'EmbeddingRefusedError'
}

/** The embedder cannot answer now, or until its configuration is fixed; the input is not the cause. */
export class EmbedderUnavailableError extends Error {
  override readonly name: string = 'EmbedderUnavailableError'

  constructor(
    message: string,
    /** delay requested by the endpoint in milliseconds; null if none */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * An unusable answer: vectors of another length, too few, or not numeric. The cause may be one text or the endpoint, which
 * is decided by whether another text is answered.
 */
export class UnusableAnswerError extends EmbedderUnavailableError {
  override readonly name = 'UnusableAnswerError'
}

/** The embedder is reachable but returned no vector for the request. */
export function isAnswer(error: unknown): error is EmbeddingRefusedError | UnusableAnswerError {
  return error instanceof EmbeddingRefusedError || error instanceof UnusableAnswerError
}
