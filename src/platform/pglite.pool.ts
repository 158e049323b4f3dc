import type { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { PgliteConnection } from './pglite.connection.js'
import { PgliteStream } from './pglite.stream.js'

/**
 * A pg pool over a PGlite. It speaks PostgreSQL's own protocol through pg's own client, so values, types, prepared
 * statements and errors are the same as on PostgreSQL. It has one connection, and nothing may call PGlite beside it.
 */
export class PglitePool extends pg.Pool {
  readonly #connection: PgliteConnection

  constructor(database: PGlite) {
    const connection = new PgliteConnection(database)
    super({
      max: 1,
      idleTimeoutMillis: 0,
      stream: () => new PgliteStream(connection),
      // Nothing here may come from the environment, where pg would look for it.
      ssl: false,
      host: 'localhost',
      user: 'postgres',
      database: 'postgres',
    })
    this.#connection = connection
    // Whoever waits for a connection that breaks learns of it; nobody else has to, and it must not end the process.
    this.on('connect', (client) => client.on('error', () => undefined))
    this.on('release', (error, client) => {
      // Nobody else has a connection to go on with. The statement is queued before the next holder's first one.
      if (!error && client.getTransactionStatus() !== 'I') client.query('rollback', () => undefined)
    })
  }

  /** Resolves when no client holds PGlite's connection any more. `end()` resolves a little before. */
  async settled(): Promise<void> {
    const release = await this.#connection.take()
    release()
  }
}
