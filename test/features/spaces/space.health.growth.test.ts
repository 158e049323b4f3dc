import { afterEach, beforeEach, test } from 'vitest'
import { listSuspects } from '../../../src/features/maintenance/space.health.sql.js'
import { sql } from '../../../src/platform/database/database.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { idOf, links, messages, spaces, threads, vectors } from '../../support/plan.worlds.js'
import { expectSteadyWork } from '../../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

test('a check of some threads of a space reads none of its other threads', async () => {
  const threadId = idOf('thrd', 150)

  await expectSteadyWork(database.pool, {
    world: [
      threads({ messages: 3 }),
      messages(3),
      spaces({ where: sql`n < 1` }),
      links({ through: 3 }),
      vectors(3),
    ],
    // The smaller the space, the sooner its rows are read in one go.
    slack: 100,
    statements: {
      'whole threads': listSuspects(
        idOf('space', 0),
        { after: idOf('thrd', 100), through: idOf('thrd', 150) },
        1_500,
      ),
      'part of a thread': listSuspects(
        idOf('space', 0),
        { threadId, afterSequence: 1, throughSequence: 2 },
        1_500,
      ),
    },
  })
})
