import DataLoader from 'dataloader'
import type { Page } from './page.js'
import type { TextBudget } from './text.budget.js'

/** The viewer to load for, and how much text it may still read. */
export interface Reader {
  readonly viewerId: string
  readonly texts: TextBudget
}

/** How to read many rows by key in one statement. Defined once by a feature; `Loaders` caches the results. */
export class LoaderDefinition<Key, Value> {
  constructor(
    /** Resolves to the rows that the viewer may see, by key; a missing key loads as null. */
    readonly readAll: (keys: readonly Key[], viewerId: string, texts: TextBudget) => Promise<Map<Key, Value>>,
  ) {}
}

/** How to read a page of a list for many parents in one statement, so that each level of a query is one statement. */
export class PagesDefinition<Row> {
  constructor(
    readonly parentOf: (row: Row) => string,
    /** the rows of each parent, in the order of the list */
    readonly readAll: (parentIds: readonly string[], page: Page, reader: Reader) => Promise<readonly Row[]>,
  ) {}
}

/** Cache of one query, one mutation, or one event of a subscription: it is never reused, so it is never stale. */
export class Loaders implements Reader {
  readonly #loaders = new Map<unknown, DataLoader<unknown, unknown>>()
  readonly #pages = new Map<unknown, Map<string, DataLoader<string, unknown>>>()

  constructor(
    readonly viewerId: string,
    readonly texts: TextBudget,
  ) {}

  load<Key, Value>(definition: LoaderDefinition<Key, Value>, key: Key): Promise<Value | null> {
    let loader = this.#loaders.get(definition) as DataLoader<Key, Value | null> | undefined
    if (!loader) {
      loader = new DataLoader<Key, Value | null>(async (keys) => {
        const values = await definition.readAll(keys, this.viewerId, this.texts)
        return keys.map((each) => values.get(each) ?? null)
      })
      this.#loaders.set(definition, loader as DataLoader<unknown, unknown>)
    }
    return loader.load(key)
  }

  /** A page of one parent's list. Parents that request the same page share a statement. */
  loadPage<Row>(definition: PagesDefinition<Row>, parentId: string, page: Page): Promise<Row[]> {
    const loaders = this.#pages.get(definition) ?? new Map<string, DataLoader<string, unknown>>()
    this.#pages.set(definition, loaders)
    let loader = loaders.get(page.key) as DataLoader<string, Row[]> | undefined
    if (!loader) {
      loader = new DataLoader<string, Row[]>(async (parentIds) => {
        const rows = new Map<string, Row[]>(parentIds.map((id) => [id, []]))
        for (const row of await definition.readAll(parentIds, page, this))
          rows.get(definition.parentOf(row))?.push(row)
        return parentIds.map((id) => rows.get(id) ?? [])
      })
      loaders.set(page.key, loader as DataLoader<string, unknown>)
    }
    return loader.load(parentId)
  }

  /** Call after a mutation has changed what was loaded. */
  clear(): void {
    this.#loaders.clear()
    this.#pages.clear()
  }
}

export function byId<Row extends { id: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]))
}
