import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from '../generated/prisma/client.js'

/** A statement with its values apart from its text: `sql` is the only way to make one. */
export type Statement = Prisma.Sql
export const { sql, raw, join, empty } = Prisma

/** Where a statement runs: the database itself, or an open transaction. */
export interface Queryable {
  query<Row>(statement: Statement): Promise<Row[]>
}

/** An open transaction. On PGlite it holds the only connection: everything inside it must go through it. */
export interface Transaction extends Queryable {
  readonly prisma: Prisma.TransactionClient
  /** Runs once the transaction is committed, and never when it is rolled back. */
  afterCommit(effect: () => void): void
}

const RETRIES = 5
const MAX_WAIT_MS = 60_000
const TIMEOUT_MS = 120_000
// Texts are few and fixed; a bound keeps a mistake from filling the server's prepared statements.
const MAX_PREPARED = 500

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

  /** Runs one statement, prepared under a name of its own, on any free connection. */
  async query<Row>(statement: Statement): Promise<Row[]> {
    const { rows } = await this.pool.query({
      name: this.#nameOf(statement.text),
      text: statement.text,
      values: statement.values,
      types: TYPES,
    })
    return rows
  }

  /**
   * Runs `work` in one transaction and commits it. PostgreSQL ends one of two transactions that wait for each other;
   * that one is run again, so `work` must have no effect outside its transaction but through `afterCommit`.
   */
  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const effects: (() => void)[] = []
      try {
        const result = await this.prisma.$transaction((prisma) => work(transactionOver(prisma, effects)))
        for (const effect of effects) effect()
        return result
      } catch (error) {
        if (attempt >= RETRIES || !isWriteConflict(error)) throw error
      }
    }
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect()
    await this.pool.end()
  }

  #nameOf(text: string): string | undefined {
    let name = this.#names.get(text)
    if (name === undefined && this.#names.size < MAX_PREPARED) {
      name = `heddle_${this.#names.size}`
      this.#names.set(text, name)
    }
    return name
  }
}

function transactionOver(prisma: Prisma.TransactionClient, effects: (() => void)[]): Transaction {
  return {
    prisma,
    query: <Row>(statement: Statement) => prisma.$queryRaw<Row[]>(statement),
    afterCommit: (effect) => effects.push(effect),
  }
}

function isWriteConflict(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2034'
}

/** A row with that key exists already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}

// int8 as BigInt, as Prisma gives it, so that a row is the same whichever way it was read.
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format as 'text'),
}

/** A pool over PostgreSQL. Sessions speak UTC, because Prisma writes times without a zone. */
export function createPostgresPool(connectionString: string, max: number): pg.Pool {
  return new pg.Pool({
    connectionString,
    max,
    // Reconnecting costs more than an idle connection does; pg's default closes them after ten seconds.
    idleTimeoutMillis: 0,
    // Generic plans miss partial indexes.
    options: '-c timezone=UTC -c plan_cache_mode=force_custom_plan',
  })
}
