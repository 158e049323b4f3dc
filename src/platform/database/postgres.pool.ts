import type { Socket } from 'node:net'
import pg from 'pg'
import { type SessionLimits, setSession } from './postgres.session.js'

export interface PostgresPoolOptions {
  url: string
  size: number
  /** milliseconds to wait for a connection, pooled or new */
  connectMs: number
  /** how many may wait for a connection; further ones fail immediately; omitted: any number */
  queueSize?: number
  limits: SessionLimits
  /** Whether a connection keeps its session. A pooler in transaction mode assigns one for a transaction only. */
  keepsSessions: boolean
}

// The server cancels statements that take too long; if that fails as well, the connection is closed.
const GRACE_MS = 2_000
const KEEP_ALIVE_MS = 10_000
const GOODBYE_MS = 1_000

/** The server was silent for longer than a statement may take. */
class SilentDatabaseError extends Error {
  readonly code = 'ETIMEDOUT'
}

class AbandonedPoolError extends Error {
  readonly code = 'ECONNABORTED'
}

/** The queue for a connection is full. */
class FullQueueError extends Error {
  // PostgreSQL's own code for a server without a free connection.
  readonly code = '53300'
}

type ConnectCallback = Parameters<pg.Pool['connect']>[0]

interface PoolInternals {
  _pendingQueue: { callback(error: Error): void }[]
  /** including those that are connecting */
  _clients: pg.ClientBase[]
}

/** A pool of connections to PostgreSQL in which every wait has a limit. */
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
      // Reconnecting costs more than an idle connection; pg closes them after ten seconds by default. If the server closes
      // idle ones, close them here first.
      idleTimeoutMillis: limits.idleMs / 2,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      // As a statement, because poolers reject startup parameters. pg awaits the returned promise.
      onConnect: (client) =>
        this.#adopt(client, limits.statementMs, keepsSessions ? setSession(limits) : null),
    })
    this.#size = size
    this.#queueSize = queueSize
  }

  /** Every statement of the pool goes through here. */
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

  /** Closes connections gracefully, and forcibly if the server does not answer. */
  async close(): Promise<void> {
    setTimeout(() => this.#cut(), GOODBYE_MS).unref()
    if (!this.ending) await this.end()
  }

  /** Closes all connections now, whatever they are running, and opens no more: the server rolls back open transactions. */
  abandon(): void {
    if (!this.ending) void this.end()
    // pg would leave those in the queue, and those connecting, waiting.
    const { _pendingQueue: line, _clients: clients } = this as unknown as PoolInternals
    for (const { callback } of line.splice(0)) callback(new AbandonedPoolError('The database was given up.'))
    for (const client of clients) streamOf(client).destroy()
    this.#cut()
  }

  async #adopt(client: pg.ClientBase, statementMs: number, settings: string | null): Promise<void> {
    this.#clients.add(client)
    client.once('end', () => this.#clients.delete(client))
    // The pool removes its error listener from a connection that it closes. If the server closes it at the same moment,
    // that error would end the process.
    client.on('error', () => undefined)
    if (statementMs > 0) giveUpSilence(client, statementMs + GRACE_MS)
    if (settings !== null) await client.query(settings)
  }

  #cut(): void {
    for (const client of this.#clients) streamOf(client).destroy()
  }
}

/** Closes a connection on which an answer has been due for that long, with everything that waits for it. */
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
