import { afterEach, beforeEach, test } from 'vitest'
import { deleteExpiredEvents, openRetention } from '../../../src/features/audit/audit.retention.sql.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { auditEvents } from '../../support/plan.worlds.js'
import { expectSteadyWork } from '../../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

test('audit retention reads what it deletes, and none of what is left for the next time', async () => {
  await expectSteadyWork(database.pool, {
    // Long ones, so that the table is large beside what is deleted of it.
    world: [auditEvents({ detailsBytes: 1_500 })],
    before: [openRetention(1)],
    statements: { 'delete 500': deleteExpiredEvents(500) },
  })
})
