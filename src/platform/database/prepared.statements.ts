import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import { sha256 } from '../ids.js'

// The server keeps about ten kilobytes per prepared statement and connection. Heddle has about half as many statements.
const MAX_A_CONNECTION = 500

// Prisma gives each value of a list a parameter of its own: the texts are long, and few are run twice.
const LIST = / IN \(\$\d+,/

/** Prepared statements of each connection: the most recently used ones, on the client and on the server. */
export class PreparedStatements {
  readonly #kept = new WeakMap<pg.PoolClient, LRUCache<string, string>>()

  /**
   * The name under which `client` prepares this text; undefined if it is not worth it. If the client has too many, the
   * least recently used one is deallocated.
   */
  async nameOn(client: pg.PoolClient, text: string): Promise<string | undefined> {
    const kept = this.#keptBy(client)
    const known = kept.get(text)
    if (known !== undefined) return known
    if (LIST.test(text)) return undefined
    if (kept.size === MAX_A_CONNECTION) await forget(client, kept.pop())
    // A hash of the text, so that two databases over one pool use the same name for the same statement.
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

/** pg cannot deallocate, and would not prepare the statement again while its name is in `parsedStatements`. */
async function forget(client: pg.PoolClient, name = ''): Promise<void> {
  const { parsedStatements } = client.connection as unknown as { parsedStatements: Record<string, string> }
  // Preparing it failed, so the server does not have it.
  if (parsedStatements[name] === undefined) return
  delete parsedStatements[name]
  await client.query(`deallocate ${name}`)
}
