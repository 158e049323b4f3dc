import { type Embedder, EmbedderUnavailableError } from '../../src/features/embedders/embedder.js'
import { EMBEDDING_SERVICE, toEmbedderError } from '../../src/features/embedders/embedding.failure.js'
import { replyError } from '../../src/platform/outbound/outbound.error.js'
import { EmbeddingControls } from './embedding.controls.js'
import { hashedVector } from './hashed.vectors.js'

interface FakeEmbedderOptions {
  model?: string
  dimensions?: number
  batchSize?: number
  concurrency?: number
}

/** An embedder in the process of the test; it fails as an endpoint with the same HTTP status would. */
export class FakeEmbedder extends EmbeddingControls implements Embedder {
  readonly model: string
  readonly dimensions: number
  readonly batchSize: number
  readonly concurrency: number
  private readonly closing = new AbortController()

  constructor(options: FakeEmbedderOptions = {}) {
    super()
    this.model = options.model ?? 'fake-words@1'
    this.dimensions = options.dimensions ?? 64
    this.batchSize = options.batchSize ?? 8
    this.concurrency = options.concurrency ?? 2
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const either = AbortSignal.any([signal, this.closing.signal])
    either.throwIfAborted()
    const failure = await this.admit(texts, either)
    either.throwIfAborted()
    if (failure) throw toEmbedderError(await replyError(EMBEDDING_SERVICE, new Response(null, failure), []))
    return texts.map((text) => hashedVector(text, this.dimensions))
  }

  close(): Promise<void> {
    this.closing.abort(new EmbedderUnavailableError('The embedder is closed.'))
    return Promise.resolve()
  }
}
