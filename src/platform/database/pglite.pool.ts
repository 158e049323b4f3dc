import type { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { PgliteConnection } from './pglite.connection.js'
import { PgliteStream } from './pglite.stream.js'

/**
 * A pg pool over a PGlite. pg's own client speaks PostgreSQL's protocol to it, so values, types, prepared statements and
 * errors are the same as on PostgreSQL. It has one connection, and nothing may call PGlite directly.
 */
export class PglitePool extends pg.Pool {
  readonly #connection: PgliteConnection

  constructor(database: PGlite) {
    const connection = new PgliteConnection(database)
    super({
      max: 1,
      idleTimeoutMillis: 0,
      stream: () => new PgliteStream(connection),
      // Set explicitly, because pg would otherwise read these from the environment.
      ssl: false,
      host: 'localhost',
      user: 'postgres',
      database: 'postgres',
    })
    this.#connection = connection
    // Clients waiting for a broken connection get its error; without a listener it would also end the process.
    this.on('connect', (client) => client.on('error', () => undefined))
    this.on('release', (error, client) => {
      // There is no other connection to use instead. The reset is queued before the next client's first statement.
      if (!error && client.getTransactionStatus() !== 'I') client.query('rollback', () => undefined)
    })
  }

  /** Resolves when no client has PGlite's connection any more, which is a little later than `end()`. */
  async settled(): Promise<void> {
    const release = await this.#connection.take()
    release()
  }
}
