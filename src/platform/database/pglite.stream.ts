import { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PgliteConnection } from './pglite.connection.js'

const QUERY = 'Q'.charCodeAt(0)
const SYNC = 'S'.charCodeAt(0)
const FLUSH = 'H'.charCodeAt(0)
const HEADER_BYTES = 5

// AuthenticationOk, then ReadyForQuery outside a transaction: the start of a session that needs no password.
const WELCOME = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')

/**
 * The socket of one pg client, connected to a PGlite in this process: writes take the client's wire bytes, reads return
 * the server's. It owns PGlite's connection from the first byte until it is closed, and resets it then.
 */
export class PgliteStream extends Duplex {
  readonly #connection: PgliteConnection
  #pending: Buffer = Buffer.alloc(0)
  #held: Promise<() => void> | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(connection: PgliteConnection) {
    super()
    this.#connection = connection
  }

  connect(): this {
    setImmediate(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    // Nothing to do: replies are pushed as they arrive.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#receive(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.#receive(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#close().then(
      () => done(error),
      (cause: Error) => done(error ?? cause),
    )
  }

  #receive(bytes: Buffer, done: (error?: Error) => void): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    this.#work = this.#held === undefined ? this.#open() : this.#answer()
    this.#work.then(() => done(), done)
  }

  async #open(): Promise<void> {
    const length = this.#pending.readInt32BE(0)
    this.#pending = this.#pending.subarray(length)
    this.#held = this.#connection.take()
    await this.#held
    this.push(WELCOME)
  }

  async #answer(): Promise<void> {
    for (let batch = this.#nextBatch(); batch !== null; batch = this.#nextBatch()) {
      // PGlite computes on this thread. Without a turn of the event loop in between, consecutive statements would delay
      // every timer and socket of the process.
      await nextTurn()
      if (this.destroyed) return
      this.push(await this.#connection.execute(batch))
    }
  }

  /** The messages up to and including the next one that needs a reply, or null if it has not arrived yet. */
  #nextBatch(): Buffer | null {
    const bytes = this.#pending
    for (let start = 0; start + HEADER_BYTES <= bytes.length; ) {
      const type = bytes[start]
      const end = start + 1 + bytes.readInt32BE(start + 1)
      if (end > bytes.length) return null
      if (type === FLUSH)
        throw new Error('PGlite returns results as a whole: cursors and portals are not supported.')
      if (type === QUERY || type === SYNC) {
        this.#pending = bytes.subarray(end)
        return bytes.subarray(0, end)
      }
      start = end
    }
    return null
  }

  async #close(): Promise<void> {
    const release = await this.#held
    if (release === undefined) return
    try {
      await this.#work.catch(() => undefined)
      await this.#connection.reset()
    } finally {
      release()
    }
  }
}
