import { OutboundClient } from '../../platform/outbound/outbound.client.js'
import { type Embedder, EmbedderUnavailableError, EmbeddingRefusedError } from './embedder.js'
import { EMBEDDING_SERVICE, toEmbedderError } from './embedding.failure.js'
import { readVectors } from './embedding.reply.js'

export interface OpenaiEmbedderOptions {
  /** base URL without `/embeddings`, such as https://api.openai.com/v1 */
  baseUrl?: string
  /** sent as a bearer token; local servers often want none */
  apiKey?: string
  model?: string
  /** requested from the endpoint and checked in its replies; optional for models known here */
  dimensions?: number
  timeoutMs?: number
}

/** Embeddings of any OpenAI-compatible endpoint. It calls once and reports; retries belong to the caller. */
export class OpenaiEmbedder implements Embedder {
  readonly model: string
  readonly dimensions: number
  readonly batchSize = 128
  readonly concurrency = 4

  private readonly endpoint: OutboundClient
  /** Request fields that some compatible endpoints reject. */
  private readonly optionalFields: Map<string, { value: unknown; refusal: RegExp }>

  constructor(options: OpenaiEmbedderOptions) {
    this.model = options.model ?? 'text-embedding-3-small'
    this.dimensions = options.dimensions ?? ownDimensions(this.model)
    this.endpoint = new OutboundClient(EMBEDDING_SERVICE, {
      url: options.baseUrl ?? 'https://api.openai.com/v1',
      apiKey: options.apiKey,
      timeoutMs: options.timeoutMs ?? 30_000,
    })
    this.optionalFields = new Map()
    // Base64 floats are a third of the size of printed numbers, and need no parsing.
    this.optionalFields.set('encoding_format', { value: 'base64', refusal: /encoding_format/i })
    if (options.dimensions !== undefined && options.dimensions !== OWN_DIMENSIONS.get(this.model)) {
      this.optionalFields.set('dimensions', { value: options.dimensions, refusal: /dimension|matryoshka/i })
    }
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = []
    for (let start = 0; start < texts.length; start += this.batchSize) {
      vectors.push(...(await this.embedBatch(texts.slice(start, start + this.batchSize), signal)))
    }
    return vectors
  }

  close(): Promise<void> {
    this.endpoint.close(new EmbedderUnavailableError('The embedder is closed.'))
    return Promise.resolve()
  }

  private async embedBatch(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const optional = Object.fromEntries([...this.optionalFields].map(([name, { value }]) => [name, value]))
    const body = { model: this.model, input: texts, ...optional }
    const maximumBytes = REPLY_BYTES + texts.length * this.dimensions * BYTES_A_COMPONENT
    try {
      const call = { method: 'POST', path: '/embeddings', body, maximumBytes } as const
      const reply = await this.endpoint.call(call, signal)
      return readVectors(reply, texts.length, this.dimensions)
    } catch (cause) {
      const error = toEmbedderError(cause)
      const unsupported = Object.keys(optional).find((name) => this.refusesField(error, name))
      if (!unsupported) throw error
      // Not about the texts: the endpoint rejects an optional field, which is omitted from now on.
      this.optionalFields.delete(unsupported)
      return this.embedBatch(texts, signal)
    }
  }

  private refusesField(error: unknown, name: string): boolean {
    if (!(error instanceof EmbeddingRefusedError)) return false
    return this.optionalFields.get(name)?.refusal.test(error.message) ?? false
  }
}

/** Native dimensions of known models. */
const OWN_DIMENSIONS: ReadonlyMap<string, number> = new Map([
  ['text-embedding-3-small', 1536],
  ['text-embedding-3-large', 3072],
  ['text-embedding-ada-002', 1536],
])

/** A component printed as text has up to 25 characters with its comma and white space. */
const BYTES_A_COMPONENT = 32
const REPLY_BYTES = 64 * 1024

function ownDimensions(model: string): number {
  const dimensions = OWN_DIMENSIONS.get(model)
  if (dimensions === undefined) {
    throw new Error(
      `Set EMBEDDING_DIMENSIONS: how many dimensions the embedding model "${model}" has is not known.`,
    )
  }
  return dimensions
}
