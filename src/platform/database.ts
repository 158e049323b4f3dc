import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from '../generated/prisma/client.js'
import { sha256 } from './ids.js'
import { PglitePool } from './pglite.pool.js'

/** A statement with its values apart from its text: `sql` is the only way to make one. */
export type Statement = Prisma.Sql
export const { sql, raw, join, empty } = Prisma

/** Where a statement runs: the database itself, or an open transaction. */
export interface Queryable {
  query<Row>(statement: Statement): Promise<Row[]>
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
const MAX_WAIT_MS = 60_000
const TIMEOUT_MS = 120_000
// Texts are few and fixed; a bound keeps a mistake from filling the server's prepared statements.
const MAX_PREPARED = 500

// PostgreSQL checks foreign keys by statements of its own, one a row. With the pool's custom plans it would plan each of
// them anew: a purge of 100,000 threads, and an import, would take two and a half times as long.
const BEGIN = 'begin; set local plan_cache_mode = auto'

/** The database: one pool, Prisma over it, and prepared statements for the hot paths. */
export class Database implements Queryable {
  readonly prisma: PrismaClient
  readonly #names = new Map<string, string>()

  constructor(readonly pool: pg.Pool) {
    this.prisma = new PrismaClient({
      adapter: new PrismaPg(pool, { disposeExternalPool: false }),
      transactionOptions: { maxWait: MAX_WAIT_MS, timeout: TIMEOUT_MS },
    })
  }

  /** One connection in this process, and no approximate indexes: PGlite. */
  get isEmbedded(): boolean {
    return this.pool instanceof PglitePool
  }

  /** Runs one statement, prepared under a name of its own, on any free connection. */
  query<Row>(statement: Statement): Promise<Row[]> {
    return this.#run(this.pool, statement)
  }

  /**
   * Runs `work` in one transaction and commits it. PostgreSQL ends one of two transactions that wait for each other;
   * that one is run again, so `work` must have no effect outside its transaction but through `afterCommit`.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#retrying((effects) => this.#transact(work, effects))
  }

  /** The same for rare writes that Prisma's models say best: each costs a millisecond of processor time more. */
  modelTransaction<Result>(work: (tx: ModelTransaction) => Promise<Result>): Promise<Result> {
    return this.#retrying((effects) =>
      this.prisma.$transaction((prisma) =>
        work({
          prisma,
          query: <Row>(statement: Statement) => prisma.$queryRaw<Row[]>(statement),
          afterCommit: (effect) => effects.push(effect),
        }),
      ),
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
        if (tries >= RETRIES || !isWriteConflict(error)) throw error
      }
    }
  }

  async #transact<Result>(
    work: (tx: Transaction) => Promise<Result>,
    effects: (() => void)[],
  ): Promise<Result> {
    const client = await this.pool.connect()
    let failure: unknown
    try {
      await client.query(BEGIN)
      const result = await work({
        query: (statement) => this.#run(client, statement),
        afterCommit: (effect) => effects.push(effect),
      })
      await client.query('commit')
      return result
    } catch (error) {
      // A connection that cannot even roll back is of no use to the next.
      await client.query('rollback').catch((broken: unknown) => {
        failure = broken
      })
      throw error
    } finally {
      client.release(failure instanceof Error ? failure : failure !== undefined)
    }
  }

  async #run<Row>(connection: pg.Pool | pg.PoolClient, statement: Statement): Promise<Row[]> {
    const { text, values } = statement
    const { rows } = await connection.query({ name: this.#nameOf(text), text, values, types: TYPES })
    return rows
  }

  /** By its text, so that two databases over one pool mean the same statement by the same name. */
  #nameOf(text: string): string | undefined {
    let name = this.#names.get(text)
    if (name === undefined && this.#names.size < MAX_PREPARED) {
      name = `heddle_${sha256(text).slice(0, 32)}`
      this.#names.set(text, name)
    }
    return name
  }
}

const DEADLOCK_DETECTED = '40P01'
const SERIALIZATION_FAILURE = '40001'

/** Thrown in a transaction when what it read first turns out to hold no longer: it is run again. */
export class StaleReadError extends Error {
  readonly code = SERIALIZATION_FAILURE
}

function isWriteConflict(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError) return error.code === 'P2034'
  const { code } = error as { code?: unknown }
  return code === DEADLOCK_DETECTED || code === SERIALIZATION_FAILURE
}

// int8 as BigInt, as Prisma gives it, so that a row is the same whichever way it was read.
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format as 'text'),
}

/** A pool over PostgreSQL. Sessions speak UTC, because Prisma writes times without a zone. */
export function createPostgresPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    // Reconnecting costs more than an idle connection does; pg's default closes them after ten seconds.
    idleTimeoutMillis: 0,
    // Generic plans miss partial indexes.
    options: '-c timezone=UTC -c plan_cache_mode=force_custom_plan',
  })
  // The pool stops listening to a connection that it ends. When the server ends it in the same moment, that error
  // would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
