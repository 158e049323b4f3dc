import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import { sha256 } from './ids.js'

// What a connection of the server keeps of each is some ten kilobytes. Heddle has about half as many texts.
const MAX_A_CONNECTION = 500

/** What each connection has prepared: the statements that it ran last, on both sides and no more. */
export class PreparedStatements {
  readonly #kept = new WeakMap<pg.PoolClient, LRUCache<string, string>>()

  /** The name under which `client` runs this text. One that was not used for long makes room for a new one. */
  async nameOn(client: pg.PoolClient, text: string): Promise<string> {
    const kept = this.#keptBy(client)
    const known = kept.get(text)
    if (known !== undefined) return known
    if (kept.size === MAX_A_CONNECTION) await forget(client, kept.pop())
    // By its text, so that two databases over one pool mean the same statement by the same name.
    const name = `heddle_${sha256(text).slice(0, 32)}`
    kept.set(text, name)
    return name
  }

  #keptBy(client: pg.PoolClient): LRUCache<string, string> {
    const kept = this.#kept.get(client) ?? new LRUCache<string, string>({ max: MAX_A_CONNECTION })
    this.#kept.set(client, kept)
    return kept
  }
}

/** pg has no way to take back what it prepared, and keeps a record of it by which it does not prepare it again. */
async function forget(client: pg.PoolClient, name = ''): Promise<void> {
  const { parsedStatements } = client.connection as unknown as { parsedStatements: Record<string, string> }
  // What failed to be prepared is not there.
  if (parsedStatements[name] === undefined) return
  delete parsedStatements[name]
  await client.query(`deallocate ${name}`)
}
