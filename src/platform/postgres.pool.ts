import type { Socket } from 'node:net'
import pg from 'pg'
import { type SessionLimits, setSession } from './postgres.session.js'

export interface PostgresPoolOptions {
  url: string
  size: number
  /** milliseconds to wait for a connection: for a free one as well as for a new one */
  connectMs: number
  /** how many may wait for a connection that others have: one more is refused at once; left out: any number */
  queueSize?: number
  limits: SessionLimits
  /** Whether a connection stays with its session. A pooler in transaction mode lends one for a transaction only. */
  keepsSessions: boolean
}

// The server ends a statement that takes too long; where even that is not heard, the connection is given up.
const GRACE_MS = 2_000
const KEEP_ALIVE_MS = 10_000
const GOODBYE_MS = 1_000

/** The server did not answer for longer than it lets a statement take. */
class SilentDatabaseError extends Error {
  readonly code = 'ETIMEDOUT'
}

class AbandonedPoolError extends Error {
  readonly code = 'ECONNABORTED'
}

/** So many wait for a connection already that one more would wait in vain. */
class FullQueueError extends Error {
  // PostgreSQL's own, for a server without a free connection.
  readonly code = '53300'
}

type ConnectCallback = Parameters<pg.Pool['connect']>[0]

interface PoolInternals {
  _pendingQueue: { callback(error: Error): void }[]
  /** those that connect, too */
  _clients: pg.ClientBase[]
}

/** Connections to PostgreSQL, none of which is waited for without end. */
export class PostgresPool extends pg.Pool {
  readonly #clients = new Set<pg.ClientBase>()
  readonly #size: number
  readonly #queueSize: number

  constructor({
    url,
    size,
    connectMs,
    queueSize = Number.POSITIVE_INFINITY,
    limits,
    keepsSessions,
  }: PostgresPoolOptions) {
    super({
      connectionString: url,
      max: size,
      connectionTimeoutMillis: connectMs,
      // Reconnecting costs more than an idle connection does; pg's default closes them after ten seconds. Where the
      // server ends idle ones, they are closed before it does.
      idleTimeoutMillis: limits.idleMs / 2,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      // Not as parameters of the start, which poolers refuse. What it returns is awaited.
      onConnect: (client) =>
        this.#adopt(client, limits.statementMs, keepsSessions ? setSession(limits) : null),
    })
    this.#size = size
    this.#queueSize = queueSize
  }

  /** Every statement of the pool comes by here. */
  override connect(): Promise<pg.PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const mustWait = this.totalCount >= this.#size && this.idleCount <= this.waitingCount
    const isFull = mustWait && this.waitingCount >= this.#queueSize
    const error = isFull ? new FullQueueError(`${this.waitingCount} wait for a connection.`) : null
    if (callback === undefined) return error ? Promise.reject(error) : super.connect()
    if (error) callback(error, undefined, () => undefined)
    else super.connect(callback)
    return undefined
  }

  /** Says goodbye to the server, and leaves it to itself when it does not answer. */
  async close(): Promise<void> {
    setTimeout(() => this.#cut(), GOODBYE_MS).unref()
    if (!this.ending) await this.end()
  }

  /** Ends every connection now, whatever runs on it, and opens no more: the server rolls back what was open. */
  abandon(): void {
    if (!this.ending) void this.end()
    // pg lets those in line wait on, and those who connect.
    const { _pendingQueue: line, _clients: clients } = this as unknown as PoolInternals
    for (const { callback } of line.splice(0)) callback(new AbandonedPoolError('The database was given up.'))
    for (const client of clients) streamOf(client).destroy()
    this.#cut()
  }

  async #adopt(client: pg.ClientBase, statementMs: number, settings: string | null): Promise<void> {
    this.#clients.add(client)
    client.once('end', () => this.#clients.delete(client))
    // The pool stops listening to a connection that it ends. When the server ends it in the same moment, that error
    // would end the process.
    client.on('error', () => undefined)
    if (statementMs > 0) giveUpSilence(client, statementMs + GRACE_MS)
    if (settings !== null) await client.query(settings)
  }

  #cut(): void {
    for (const client of this.#clients) streamOf(client).destroy()
  }
}

/** A connection on which the server owes an answer for that long is ended, and with it all that waits for it. */
function giveUpSilence(client: pg.ClientBase, milliseconds: number): void {
  const stream = streamOf(client)
  let asked = stream.bytesWritten
  // Before pg's own listener, which sends the next statement.
  connectionOf(client).prependListener('readyForQuery', () => {
    asked = stream.bytesWritten
  })
  stream.setTimeout(milliseconds)
  stream.on('timeout', () => {
    if (stream.bytesWritten === asked) return
    stream.destroy(new SilentDatabaseError(`The database was silent for ${milliseconds} ms.`))
  })
}

function connectionOf(client: pg.ClientBase): pg.Connection {
  return (client as pg.Client).connection
}

function streamOf(client: pg.ClientBase): Socket {
  return connectionOf(client).stream as Socket
}
