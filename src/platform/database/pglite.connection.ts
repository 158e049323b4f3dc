import type { PGlite } from '@electric-sql/pglite'

const ROLLBACK = simpleQuery('rollback')
// Prepared statements, settings and advisory locks must not outlive a client's connection.
const FORGET = simpleQuery('discard all')

/** Shares PGlite's one connection: clients wait for it in order of arrival. */
export class PgliteConnection {
  readonly #database: PGlite
  #last: Promise<void> = Promise.resolve()

  constructor(database: PGlite) {
    this.#database = database
  }

  /** Resolves when all earlier clients have released the connection; call the result to release it. */
  async take(): Promise<() => void> {
    const before = this.#last
    let release = (): void => undefined
    this.#last = new Promise((resolve) => {
      release = resolve
    })
    await before
    return release
  }

  /** Takes messages of PostgreSQL's protocol, returns the server's replies. Only for the client that has the connection. */
  async execute(messages: Buffer): Promise<Buffer> {
    const replies: Buffer[] = []
    await this.#database.execProtocolRawStream(messages, {
      // PGlite reuses this memory for its next reply: copy it now.
      onRawData: (reply) => replies.push(Buffer.from(reply)),
    })
    return Buffer.concat(replies)
  }

  /** Rolls back an open transaction and makes the connection as good as new. */
  async reset(): Promise<void> {
    await this.execute(ROLLBACK)
    await this.execute(FORGET)
  }
}

function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`)
  const header = Buffer.from('Q\0\0\0\0')
  header.writeInt32BE(4 + text.length, 1)
  return Buffer.concat([header, text])
}
