import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from '../generated/prisma/client.js'
import { isAway, isLockTimeout, isWriteConflict, SERIALIZATION_FAILURE } from './database.errors.js'
import { PglitePool } from './pglite.pool.js'
import { PreparedStatements } from './prepared.statements.js'

declare const ROW: unique symbol

/** A part of a statement, with its values apart from its text. */
export type Fragment = Prisma.Sql

/** A statement, with its values apart from its text. `Row` is what it returns: by default nothing. */
export type Statement<Row = never> = Fragment & { readonly [ROW]?: Row }

/** The only way to create a statement; its row is declared where its text stands. */
export function sql<Row = never>(text: readonly string[], ...values: readonly unknown[]): Statement<Row> {
  return Prisma.sql(text, ...values)
}

export const { raw, join, empty } = Prisma

/** Where a statement runs: the database itself, or an open transaction. */
export interface Queryable {
  query<Row>(statement: Statement<Row>): Promise<Row[]>
}

/** An open transaction. On PGlite it holds the only connection: everything inside it must go through it. */
export interface Transaction extends Queryable {
  /** Runs once the transaction is committed, and never when it is rolled back. */
  afterCommit(effect: () => void): void
}

/** A transaction that Prisma's models join. */
export interface ModelTransaction extends Transaction {
  readonly prisma: Prisma.TransactionClient
}

const RETRIES = 5
const LOCK_TRIES = 2
const MAX_WAIT_MS = 60_000
const TIMEOUT_MS = 120_000

// PostgreSQL checks foreign keys by statements of its own, one a row. With the pool's custom plans it would plan each of
// them anew: a purge of 100,000 threads, and an import, would take two and a half times as long.
const BEGIN = 'begin; set local plan_cache_mode = auto'

export interface DatabaseOptions {
  /** whose sessions are kept and whose statements take what they take: for what a pooler forbids; default: the pool */
  direct?: pg.Pool
  /**
   * Statements that each transaction begins with, where a session is lent for one transaction only. Then nothing is
   * prepared, and what runs outside a transaction runs in one of its own.
   */
  transactionSettings?: string | null
}

/** The database: one pool, Prisma over it, and prepared statements for the hot paths. */
export class Database implements Queryable {
  readonly prisma: PrismaClient
  readonly direct: pg.Pool
  readonly #prepared: PreparedStatements | null
  readonly #settings: string | null

  constructor(
    readonly pool: pg.Pool,
    { direct = pool, transactionSettings = null }: DatabaseOptions = {},
  ) {
    this.direct = direct
    this.#settings = transactionSettings
    this.#prepared = transactionSettings === null ? new PreparedStatements() : null
    this.prisma = new PrismaClient({
      adapter: new PrismaPg(pool, { disposeExternalPool: false }),
      transactionOptions: { maxWait: MAX_WAIT_MS, timeout: TIMEOUT_MS },
    })
  }

  /** One connection in this process, and no approximate indexes: PGlite. */
  get isEmbedded(): boolean {
    return this.pool instanceof PglitePool
  }

  /** Runs one statement on any free connection. */
  query<Row>(statement: Statement<Row>): Promise<Row[]> {
    return this.#settings === null
      ? this.#onConnection((client) => this.#run<Row>(client, statement))
      : this.#transact((tx) => tx.query<Row>(statement), [])
  }

  /**
   * Runs `work` in one transaction and commits it. PostgreSQL ends one of two transactions that wait for each other;
   * that one is run again, so `work` must have no effect outside its transaction but through `afterCommit`. So is, once,
   * one that waited too long for a lock: by then the server has ended a transaction whose node is frozen.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#retrying((effects) => this.#transact(work, effects))
  }

  /** The same for rare writes that Prisma's models say best: each costs a millisecond of processor time more. */
  modelTransaction<Result>(work: (tx: ModelTransaction) => Promise<Result>): Promise<Result> {
    return this.#retrying((effects) =>
      this.prisma.$transaction(async (prisma) => {
        if (this.#settings !== null) await prisma.$executeRawUnsafe(this.#settings)
        return work({
          prisma,
          query: <Row>(statement: Statement<Row>) => prisma.$queryRaw<Row[]>(statement),
          afterCommit: (effect) => effects.push(effect),
        })
      }),
    )
  }

  /** Leaves the pool to who opened it. */
  async close(): Promise<void> {
    await this.prisma.$disconnect()
  }

  async #retrying<Result>(attempt: (effects: (() => void)[]) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      const effects: (() => void)[] = []
      try {
        const result = await attempt(effects)
        for (const effect of effects) effect()
        return result
      } catch (error) {
        const mayTry = isWriteConflict(error) ? RETRIES : isLockTimeout(error) ? LOCK_TRIES : 1
        if (tries >= mayTry) throw error
      }
    }
  }

  async #transact<Result>(
    work: (tx: Transaction) => Promise<Result>,
    effects: (() => void)[],
  ): Promise<Result> {
    return this.#onConnection(async (client) => {
      try {
        await client.query(this.#begin)
        const result = await work({
          query: (statement) => this.#run(client, statement),
          afterCommit: (effect) => effects.push(effect),
        })
        await client.query('commit')
        return result
      } catch (error) {
        // A connection that cannot even roll back is closed, which does the same.
        await client.query('rollback').catch(() => undefined)
        throw error
      }
    })
  }

  get #begin(): string {
    return this.#settings === null ? BEGIN : `${BEGIN}; ${this.#settings}`
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
      // What the server has ended, or was left in a transaction, is of no use to the next.
      client.release(isAway(failure) || client.getTransactionStatus() !== 'I')
    }
  }

  async #run<Row>(client: pg.PoolClient, { text, values }: Statement<Row>): Promise<Row[]> {
    const name = await this.#prepared?.nameOn(client, text)
    const { rows } = await client.query({ name, text, values, types: TYPES })
    return rows
  }
}

/** Thrown in a transaction when what it read first turns out to hold no longer: it is run again. */
export class StaleReadError extends Error {
  readonly code = SERIALIZATION_FAILURE
}

// int8 as BigInt, as Prisma gives it, so that a row is the same whichever way it was read.
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format as 'text'),
}
