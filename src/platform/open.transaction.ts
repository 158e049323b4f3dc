import pg from 'pg'
import {
  type ModelClient,
  type ModelConnection,
  type Models,
  type NestedConnection,
  TransactionEndedError,
} from './models.js'
import type { PreparedStatements } from './prepared.statements.js'
import type { Statement } from './statement.js'

// With what Prisma begins and ends a transaction of its own, and what that is inside of ours.
const NESTED = new Map([
  ['BEGIN', 'savepoint nested'],
  ['COMMIT', 'release savepoint nested'],
  ['ROLLBACK', 'rollback to savepoint nested; release savepoint nested'],
])

/** An open transaction. Its connection runs one statement, or one nested write, after the other. */
export class OpenTransaction implements ModelConnection {
  #last: Promise<unknown> = Promise.resolve()
  #hasEnded = false

  constructor(
    private readonly client: pg.PoolClient,
    private readonly prepared: PreparedStatements | null,
    private readonly models: ModelClient,
    private readonly effects: (() => void)[],
  ) {}

  get prisma(): Models {
    if (this.#hasEnded) throw new TransactionEndedError()
    return this.models.modelsOf(this)
  }

  async query<Row>(statement: Statement<Row>): Promise<Row[]> {
    return (await this.run(queryOf(statement))).rows
  }

  afterCommit(effect: () => void): void {
    this.effects.push(effect)
  }

  run(query: pg.QueryConfig): Promise<pg.QueryResult> {
    return this.#inTurn(() => runPrepared(this.client, this.prepared, query))
  }

  /** Others wait until it is released: what they write must not go with a rollback to its savepoint. */
  nest(): Promise<NestedConnection> {
    return new Promise((resolve, reject) => {
      this.#inTurn(() => new Promise<void>((end) => resolve(this.#nested(end)))).catch(reject)
    })
  }

  /** Resolves when nothing of it runs any more, and nothing more will. */
  async end(): Promise<void> {
    this.#last = this.#last.then(() => {
      this.#hasEnded = true
    })
    await this.#last
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => {
      if (this.#hasEnded) throw new TransactionEndedError()
      return work()
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  #nested(release: () => void): NestedConnection {
    const { client, prepared } = this
    return {
      query: (query) => {
        const text = NESTED.get(query.text)
        return text === undefined ? runPrepared(client, prepared, query) : client.query(text)
      },
      on: client.on.bind(client),
      removeListener: client.removeListener.bind(client),
      release,
    }
  }
}

/** Prepared where a session stays with its connection. */
export async function runPrepared(
  client: pg.PoolClient,
  prepared: PreparedStatements | null,
  query: pg.QueryConfig,
): Promise<pg.QueryResult> {
  const name = await prepared?.nameOn(client, query.text)
  return client.query({ ...query, name })
}

/** The statement as pg takes it. */
export function queryOf({ text, values }: Statement<unknown>): pg.QueryConfig {
  return { text, values, types: TYPES }
}

// int8 as BigInt, as Prisma gives it, so that a row is the same whichever way it was read.
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format as 'text'),
}
