import type { PGlite } from '@electric-sql/pglite'

const ROLLBACK = simpleQuery('rollback')
// Prepared statements, settings and advisory locks end with a connection, and the next client counts on it.
const FORGET = simpleQuery('discard all')

/** PGlite's one connection: whoever wants it waits in a line, first come, first served. */
export class PgliteConnection {
  readonly #database: PGlite
  #last: Promise<void> = Promise.resolve()

  constructor(database: PGlite) {
    this.#database = database
  }

  /** Resolves when every earlier holder has let go; call what it gives to let go. */
  async take(): Promise<() => void> {
    const before = this.#last
    let release = (): void => undefined
    this.#last = new Promise((resolve) => {
      release = resolve
    })
    await before
    return release
  }

  /** Messages of PostgreSQL's protocol in, the server's out. For the holder only. */
  async execute(messages: Buffer): Promise<Buffer> {
    const replies: Buffer[] = []
    await this.#database.execProtocolRawStream(messages, {
      // PGlite lends a view of its memory and writes over it: copy it at once.
      onRawData: (reply) => replies.push(Buffer.from(reply)),
    })
    return Buffer.concat(replies)
  }

  /** Ends what the holder left open and makes the connection as good as new. */
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
