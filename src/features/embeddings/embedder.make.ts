import { BuiltinEmbedder } from './builtin.embedder.js'
import type { Embedder } from './embedder.js'
import { OpenaiEmbedder } from './openai.embedder.js'

export interface EmbeddingConfig {
  provider: 'builtin' | 'openai'
  baseUrl?: string
  apiKey?: string
  model?: string
  dimensions?: number
}

/** The embedder that is configured; the built-in one has nothing to configure. */
export function createEmbedder({ provider, ...options }: EmbeddingConfig): Embedder {
  return provider === 'builtin' ? new BuiltinEmbedder() : new OpenaiEmbedder(options)
}
