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

// PostgreSQL checks foreign keys by statements of its own, one a row. With the pool's custom plans it would plan each of
// them anew: a purge of 100,000 threads, and an import, would take two and a half times as long.
const BEGIN = 'begin; set local plan_cache_mode = auto'

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
  #now: Date | undefined

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

  get now(): Date {
    if (!this.#now) throw new Error('The transaction has not begun.')
    return this.#now
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

  /** @param settings statements that it begins with */
  async begin(settings: string | null): Promise<void> {
    const statements = [BEGIN, settings, 'select now()'].filter((each) => each !== null).join('; ')
    const results: unknown = await this.client.query(statements)
    this.#now = (results as pg.QueryResult<{ now: Date }>[]).at(-1)?.rows[0]?.now
  }

  async commit(): Promise<void> {
    await this.#end()
    await this.client.query('commit')
  }

  async rollback(): Promise<void> {
    await this.#end()
    // A connection that cannot even roll back is closed, which does the same.
    await this.client.query('rollback').catch(() => undefined)
  }

  /** Resolves when nothing of it runs any more, and nothing more will. */
  async #end(): Promise<void> {
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
