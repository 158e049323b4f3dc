import type { Embedder } from './embedder.js'

/** Names what made a vector: only vectors of the same model and length can be compared. */
export interface EmbeddingModel {
  readonly model: string
  readonly dimensions: number
}

/** The embedders of this server, one for each model that it has. */
export class Embedders {
  readonly #all: readonly Embedder[]

  constructor(
    /** what new spaces get */
    readonly standard: Embedder,
    others: readonly Embedder[] = [],
  ) {
    this.#all = [standard, ...others]
  }

  find({ model, dimensions }: EmbeddingModel): Embedder | null {
    return (
      this.#all.find((embedder) => embedder.model === model && embedder.dimensions === dimensions) ?? null
    )
  }

  /** The standard one first. */
  list(): readonly EmbeddingModel[] {
    return this.#all.map(({ model, dimensions }) => ({ model, dimensions }))
  }

  /** The models of this name: one for each length that it was configured with. */
  listNamed(name: string): EmbeddingModel[] {
    return this.list().filter(({ model }) => model === name)
  }

  /** Why `find` found none, for people. */
  describeMissing({ model, dimensions }: EmbeddingModel): string {
    return `The space holds vectors of ${model} (${dimensions} dimensions), but this server embeds with ${this.describe()}.`
  }

  /** Every model, for people. */
  describe(): string {
    return this.#all.map((embedder) => `${embedder.model} (${embedder.dimensions})`).join(', ')
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((embedder) => embedder.close()))
  }
}
