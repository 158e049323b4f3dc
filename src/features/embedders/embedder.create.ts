import { BuiltinEmbedder } from './builtin.embedder.js'
import type { Embedder } from './embedder.js'
import { Embedders, type EmbeddingModel } from './embedders.js'
import { OpenaiEmbedder } from './openai.embedder.js'

export interface EmbeddingConfig {
  provider: 'builtin' | 'openai'
  baseUrl?: string | null
  apiKey?: string | null
  /** of the provider; what new spaces get */
  model?: string | null
  dimensions?: number | null
  /** further ones of the same endpoint */
  models?: readonly EmbeddingModel[]
}

/** The embedders that are configured, and the built-in one in any case: it costs nothing until it is used. */
export function createEmbedders({
  provider,
  baseUrl,
  apiKey,
  model,
  dimensions,
  models = [],
}: EmbeddingConfig): Embedders {
  const endpoint = { baseUrl: baseUrl ?? undefined, apiKey: apiKey ?? undefined }
  const builtin = new BuiltinEmbedder()
  const standard: Embedder =
    provider === 'builtin'
      ? builtin
      : new OpenaiEmbedder({ ...endpoint, model: model ?? undefined, dimensions: dimensions ?? undefined })
  const further = models.map((each) => new OpenaiEmbedder({ ...endpoint, ...each }))
  return new Embedders(
    standard,
    [...further, builtin].filter((each) => !isSameModel(each, standard)),
  )
}

function isSameModel(one: EmbeddingModel, other: EmbeddingModel): boolean {
  return one.model === other.model && one.dimensions === other.dimensions
}
