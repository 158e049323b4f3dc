import type { Embedder } from './embedder.js'

/** Identifies the source of a vector: only vectors of the same model and length can be compared. */
export interface EmbeddingModel {
  readonly model: string
  readonly dimensions: number
}

/** The embedders of this server, one for each configured model. */
export class Embedders {
  readonly #all: readonly Embedder[]

  constructor(
    /** for new spaces */
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

  /** The default one first. */
  list(): readonly EmbeddingModel[] {
    return this.#all.map(({ model, dimensions }) => ({ model, dimensions }))
  }

  /** All models with this name, one for each configured number of dimensions. */
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
