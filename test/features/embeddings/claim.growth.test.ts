import { afterEach, beforeEach, expect, test } from 'vitest'
import { ClaimRepository } from '../../../src/features/embeddings/claim.repository.js'
import { type Claim, claimDue, selectWaiting } from '../../../src/features/embeddings/claim.sql.js'
import { Database } from '../../../src/platform/database/database.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { base, idOf, links, settled, spaces, threads, timeOf } from '../../support/plan.worlds.js'
import { expectSteadyWork, fill } from '../../support/plans.js'

const A_MINUTE_MS = 60_000

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

// PGlite has one connection, and so no snapshot older than what another reads.
test.runIf(testServerUrl())(
  'a claim reads no more after ten times as many links had work, while an old snapshot keeps all their versions',
  async () => {
    const reader = await database.pool.connect()
    await reader.query('begin isolation level repeatable read; select 1')
    const after = { nextAttemptAt: timeOf(1_000_000), storeId: idOf('space', 0), threadId: idOf('thrd', 0) }
    const claim = { storeId: idOf('space', 0), threadId: idOf('thrd', 0) } as Claim
    const world = [threads(), spaces(), links({ isDue: true }), settled]
    try {
      await expectSteadyWork(database.pool, {
        world,
        statements: {
          claim: claimDue('lease_world', A_MINUTE_MS, 6, after),
          'a look whether others wait': selectWaiting(claim, after),
        },
      })
    } finally {
      await reader.query('rollback')
      reader.release()
    }
  },
)

test('links that became due at one moment are claimed once each, some at a time', async () => {
  const { pool } = database
  for (const { text, values } of base) await pool.query(text, [...values])
  await fill(pool, [threads(), spaces(), links({ spaces: 3, isDue: true })], 0, 100)
  await pool.query(`update store_thread set next_attempt_at = now() - interval '1 hour'`)
  const claims = new ClaimRepository(new Database(pool), { publish: () => undefined } as never, A_MINUTE_MS)
  const claimed: string[] = []

  for (;;) {
    const some = await claims.take('lease_1', 6)
    claimed.push(...some.map(({ threadId }) => threadId))
    if (some.length === 0) break
  }

  expect(claimed).toHaveLength(100)
  expect(new Set(claimed).size).toBe(100)
})

test('a link that is given back is claimed again, also behind the last that was claimed', async () => {
  const { pool } = database
  for (const { text, values } of base) await pool.query(text, [...values])
  await fill(pool, [threads(), spaces(), links({ isDue: true })], 0, 10)
  const claims = new ClaimRepository(new Database(pool), { publish: () => undefined } as never, A_MINUTE_MS)
  const [first] = await claims.take('lease_1', 10)
  if (!first) throw new Error('There are links to claim.')

  await claims.release(first)

  // Due times are of whole milliseconds: it may be due half of one later.
  await eventually(async () =>
    expect(await claims.take('lease_2', 10)).toMatchObject([{ threadId: first.threadId }]),
  )
})
