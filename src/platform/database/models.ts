import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Prisma, PrismaClient } from '../../generated/prisma/client.js'

/** Prisma's models, each call of which runs on the connection of the transaction that it is made in. */

/** Without `findUnique`: Prisma merges those of one tick into one statement, even of different transactions. */
export type Models = {
  readonly [Model in Uncapitalize<Prisma.ModelName>]: Omit<
    PrismaClient[Model],
    'findUnique' | 'findUniqueOrThrow'
  >
}

/** A transaction's connection. */
export interface ModelConnection {
  run(query: pg.QueryArrayConfig): Promise<pg.QueryResult>
  /** What a write of several models runs on: Prisma begins and ends a transaction of its own for it. */
  nest(): Promise<NestedConnection>
}

export type NestedConnection = Pick<pg.PoolClient, 'on' | 'removeListener' | 'release'> & {
  query(query: pg.QueryArrayConfig): Promise<pg.QueryResult>
}

/** A model was used after the end of its transaction, or outside of it. */
export class TransactionEndedError extends Error {
  override readonly name = 'TransactionEndedError'

  constructor() {
    super('This transaction has ended, or is not the one that runs here.')
  }
}

/** One client of Prisma for all transactions of a database. It has no connection of its own. */
export class ModelClient {
  readonly #current = new AsyncLocalStorage<ModelConnection>()
  readonly #prisma: PrismaClient

  constructor() {
    const pool = Object.assign(new pg.Pool(), {
      query: (query: pg.QueryArrayConfig) => this.#connection().run(query),
      connect: () => this.#connection().nest(),
    })
    // Without "minimal", each call looks for its place in the sources.
    this.#prisma = new PrismaClient({ adapter: new PrismaPg(pool as pg.Pool), errorFormat: 'minimal' })
  }

  /** Models that are used in `work` run on this connection. */
  within<Result>(connection: ModelConnection, work: () => Promise<Result>): Promise<Result> {
    // A call of a model begins where it is awaited.
    return this.#current.run(connection, async () => await work())
  }

  /** Throws where calls would run on another connection than this. */
  modelsOf(connection: ModelConnection): Models {
    if (this.#current.getStore() !== connection) throw new TransactionEndedError()
    return this.#prisma
  }

  close(): Promise<void> {
    return this.#prisma.$disconnect()
  }

  #connection(): ModelConnection {
    const connection = this.#current.getStore()
    if (!connection) throw new TransactionEndedError()
    return connection
  }
}
