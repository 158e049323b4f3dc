import { afterEach, beforeEach, test } from 'vitest'
import { selectIndexCandidates } from '../../../src/features/embeddings/hnsw.sql.js'
import { sql } from '../../../src/platform/database/database.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { links, spaces, threads } from '../../support/plan.worlds.js'
import { expectSteadyWork } from '../../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

test('a look for what needs a vector index reads no more in a space of ten times as many threads', async () => {
  await expectSteadyWork(database.pool, {
    world: [
      spaces({ where: sql`n < 5`, vectorCount: 100_000 }),
      threads(),
      links({ spaces: 5, through: 10 }),
    ],
    statements: { look: selectIndexCandidates(50_000) },
  })
})
