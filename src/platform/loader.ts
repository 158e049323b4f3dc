import DataLoader from 'dataloader'

/** How to read many rows by key in one statement. Made once by a feature; what it loads is kept by `Loaders`. */
export class LoaderDefinition<Key, Value> {
  constructor(
    /** Resolves to what the viewer may see, by key; a key that is not in the map loads as null. */
    readonly readAll: (keys: readonly Key[], viewerId: string) => Promise<Map<Key, Value>>,
  ) {}
}

/** What one query, one mutation, or one event of a subscription has loaded: nothing outlives it, so nothing is ever stale. */
export class Loaders {
  readonly #loaders = new Map<unknown, DataLoader<unknown, unknown>>()

  constructor(private readonly viewerId: string) {}

  load<Key, Value>(definition: LoaderDefinition<Key, Value>, key: Key): Promise<Value | null> {
    let loader = this.#loaders.get(definition) as DataLoader<Key, Value | null> | undefined
    if (!loader) {
      loader = new DataLoader<Key, Value | null>(async (keys) => {
        const values = await definition.readAll(keys, this.viewerId)
        return keys.map((each) => values.get(each) ?? null)
      })
      this.#loaders.set(definition, loader as DataLoader<unknown, unknown>)
    }
    return loader.load(key)
  }

  /** What was loaded so far is old: a mutation has changed it. */
  clear(): void {
    this.#loaders.clear()
  }
}

export function byId<Row extends { id: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]))
}
