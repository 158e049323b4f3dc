import type pg from 'pg'
import { isAway, isLockTimeout, isWriteConflict, SERIALIZATION_FAILURE } from './database.errors.js'
import { ModelClient, type Models } from './models.js'
import { OpenTransaction, queryOf, runPrepared } from './open.transaction.js'
import { PglitePool } from './pglite.pool.js'
import { PreparedStatements } from './prepared.statements.js'
import type { Statement } from './statement.js'

export { empty, type Fragment, join, raw, type Statement, sql } from './statement.js'

/** Runs statements: the database itself, or an open transaction. */
export interface Queryable {
  query<Row>(statement: Statement<Row>): Promise<Row[]>
}

/** An open transaction. On PGlite it owns the only connection, so everything inside it must use it. */
export interface Transaction extends Queryable {
  /** Prisma's models, on the same connection. A write of several models is a savepoint. */
  readonly prisma: Models
  /** The database's time at its begin: `now()` of its statements, for models. */
  readonly now: Date
  /** Runs after the transaction is committed, and never if it is rolled back. */
  afterCommit(effect: () => void): void
}

const RETRIES = 5
const LOCK_TRIES = 2

export interface DatabaseOptions {
  /** for work that needs sessions and has longer time limits, which a pooler does not allow; default: the pool */
  direct?: pg.Pool
  /**
   * Settings at the start of each transaction, for poolers that assign a session per transaction. If set, nothing is
   * prepared, and statements outside a transaction get one each.
   */
  transactionSettings?: string | null
}

/** The database: one pool, prepared statements, and transactions that Prisma's models take part in. */
export class Database implements Queryable {
  readonly direct: pg.Pool
  readonly #prepared: PreparedStatements | null
  readonly #settings: string | null
  readonly #models = new ModelClient()

  constructor(
    readonly pool: pg.Pool,
    { direct = pool, transactionSettings = null }: DatabaseOptions = {},
  ) {
    this.direct = direct
    this.#settings = transactionSettings
    this.#prepared = transactionSettings === null ? new PreparedStatements() : null
  }

  /** One connection, in this process, without approximate indexes: PGlite. */
  get isEmbedded(): boolean {
    return this.pool instanceof PglitePool
  }

  /** Runs one statement on any free connection. */
  query<Row>(statement: Statement<Row>): Promise<Row[]> {
    return this.#settings === null
      ? this.#onConnection(async (client) => {
          const { rows } = await runPrepared(client, this.#prepared, queryOf(statement))
          return rows
        })
      : this.#transact((tx) => tx.query<Row>(statement), [])
  }

  /**
   * Runs `work` in one transaction and commits it. After a deadlock the transaction is run again, so `work` must have no
   * effect outside it except through `afterCommit`. After a lock timeout it is run again once: by then the server has
   * ended any transaction whose node is frozen.
   */
  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      const effects: (() => void)[] = []
      try {
        const result = await this.#transact(work, effects)
        for (const effect of effects) effect()
        return result
      } catch (error) {
        const mayTry = isWriteConflict(error) ? RETRIES : isLockTimeout(error) ? LOCK_TRIES : 1
        if (tries >= mayTry) throw error
      }
    }
  }

  /** Closes Prisma; whoever opened the pool closes it. */
  close(): Promise<void> {
    return this.#models.close()
  }

  async #transact<Result>(
    work: (tx: Transaction) => Promise<Result>,
    effects: (() => void)[],
  ): Promise<Result> {
    return this.#onConnection(async (client) => {
      const tx = new OpenTransaction(client, this.#prepared, this.#models, effects)
      try {
        await tx.begin(this.#settings)
        const result = await this.#models.within(tx, () => work(tx))
        await tx.commit()
        return result
      } catch (error) {
        await tx.rollback()
        throw error
      }
    })
  }

  async #onConnection<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect()
    let failure: unknown
    try {
      return await work(client)
    } catch (error) {
      failure = error
      throw error
    } finally {
      // A connection that was lost or is still in a transaction must not be reused.
      client.release(isAway(failure) || client.getTransactionStatus() !== 'I')
    }
  }
}

/** Thrown in a transaction whose earlier read turned out to be outdated: the transaction is run again. */
export class StaleReadError extends Error {
  readonly code = SERIALIZATION_FAILURE
}
