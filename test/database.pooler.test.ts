import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Database, type Queryable, sql } from '../src/platform/database/database.js'
import { PostgresPool } from '../src/platform/database/postgres.pool.js'
import { requestLimits, setTransaction } from '../src/platform/database/postgres.session.js'
import { startTestApp, type TestApp } from './support/app.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from './support/database.js'
import { expectInvariants } from './support/invariants.js'
import { PgBouncer } from './support/pgbouncer.js'

/** Rules of a node that reaches PostgreSQL through a connection pooler. */

// More than the pooler has connections.
const CONCURRENT = 20
const POOLED = 20
const CONNECT_MS = 10_000

let database: TestDatabase

function start(pooler: PgBouncer, environment: Record<string, string> = {}): Promise<TestApp> {
  return startTestApp({ database, environment: { DATABASE_URL: pooler.url, ...environment } })
}

/** What users do, many at once, and what workers do after them. */
async function expectService(app: TestApp): Promise<void> {
  const organization = await app.seed.organization()
  const { owner, id: organizationId } = organization
  const [space, project] = [await app.seed.space(organization), await app.seed.project(organization)]
  const run = async () => {
    const thread = await app.seed.thread({ organization, project, messages: 3 })
    const backfillId = await app.seed.link(space, thread)
    await app.seed.member(organization)
    await owner.must('Threads', { organizationId, first: 100 })
    return app.seed.embedded(owner, backfillId)
  }

  const backfills = await Promise.all(Array.from({ length: CONCURRENT }, run))

  for (const backfill of backfills) expect(backfill).toMatchObject({ status: 'COMPLETED', embedded: 3 })
  const { searchSpace } = await owner.must('SearchSpace', { spaceId: space.id, query: 'topic', first: 5 })
  expect(searchSpace.edges).toHaveLength(5)
  const { deleteAllThreads } = await owner.must('DeleteAllThreads', { organizationId })
  expect(deleteAllThreads.deleted).toBe(CONCURRENT)
  expect(app.logs.complaints()).toEqual([])
  await expectInvariants(database.pool)
}

describe.runIf(testServerUrl())('on PostgreSQL', () => {
  beforeEach(async () => {
    database = await openTestDatabase()
  })
  afterEach(() => database.close())

  test('a pooler in session mode needs nothing of its own', async () => {
    await using pooler = await PgBouncer.start(database.url as string, 'session', POOLED + 4)
    await using app = await start(pooler)

    await expectService(app)
  })

  test('a pooler in transaction mode needs the way past it, and then everything works', async () => {
    await using pooler = await PgBouncer.start(database.url as string, 'transaction')
    await using app = await start(pooler, {
      DATABASE_POOL_MODE: 'transaction',
      DATABASE_DIRECT_URL: database.url as string,
    })

    await expectService(app)
  })

  test('a start behind a pooler in transaction mode that nobody has told it of is refused with words', async () => {
    await using pooler = await PgBouncer.start(database.url as string, 'transaction')

    await expect(start(pooler)).rejects.toThrow('Set DATABASE_POOL_MODE=transaction')
    await expect(
      start(pooler, { DATABASE_POOL_MODE: 'transaction', DATABASE_DIRECT_URL: pooler.url }),
    ).rejects.toThrow('DATABASE_DIRECT_URL connects to a pooler')
  })

  test('where sessions are shared, each transaction has the settings, and nobody else has', async () => {
    await using pooler = await PgBouncer.start(database.url as string, 'transaction', 1)
    const limits = requestLimits(7_000, 4_000)
    const pool = new PostgresPool({
      url: pooler.url,
      size: 2,
      connectMs: CONNECT_MS,
      limits,
      keepsSessions: false,
    })
    const db = new Database(pool, { transactionSettings: setTransaction(limits) })
    const expected = { timezone: 'UTC', jit: 'off', statement: '7s', lock: '4s', idle: '5s' }

    expect(await settingsOf(db)).toEqual(expected)
    expect(await db.transaction((tx) => settingsOf(tx))).toEqual(expected)
    const { rows } = await pool.query(`select current_setting('statement_timeout') as statement`)
    expect(rows).toEqual([{ statement: '0' }])
    await db.close()
    await pool.close()
  })
})

async function settingsOf(queryable: Queryable): Promise<unknown> {
  const [settings] = await queryable.query(sql`
    select current_setting('timezone') as timezone, current_setting('jit') as jit,
      current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle`)
  return settings
}
