import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimDue } from '../../src/features/embeddings/claim.sql.js'
import { sql } from '../../src/platform/database/database.js'
import { openTestDatabase, type TestDatabase } from './database.js'
import { idOf, links, messages, ORGANIZATION, spaces, threads } from './plan.worlds.js'
import { expectSteadyWork } from './plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

test('a look for work reads no more when ten times as many links have none', async () => {
  await expectSteadyWork(database.pool, {
    world: [threads(), spaces(), links()],
    statements: { claim: claimDue('lease_world', 60_000, 10, null) },
  })
})

test('a row that is found by its key costs the same in any world, and what writes is rolled back', async () => {
  await expectSteadyWork(database.pool, {
    world: [threads({ messages: 3 }), messages(3)],
    statements: { delete: sql`delete from message where id = ${`${idOf('msg', 7)}_2`}` },
  })

  const { rows } = await database.pool.query('select count(*)::int as count from message')
  expect(rows).toEqual([{ count: 30_000 }])
})

test('a statement that reads its whole table is refused, with both plans', async () => {
  const work = expectSteadyWork(database.pool, {
    world: [threads()],
    statements: {
      count: sql`select count(*) from thread where organization_id = ${ORGANIZATION} and title = 'none'`,
    },
  })

  await expect(work).rejects.toThrow(/at 1000:.*thread.*1000 removed.*at 10000:.*thread.*10000 removed/s)
})
