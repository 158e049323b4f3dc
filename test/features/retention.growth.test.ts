import { afterEach, beforeEach, test } from 'vitest'
import { deleteEndedBackfills } from '../../src/features/backfills/backfill.retention.sql.js'
import {
  deleteEndedBatches,
  deleteExpiredConfirmations,
} from '../../src/features/deletion/deletion.retention.sql.js'
import { deleteEmptySpaces, deleteEndedReembeddings } from '../../src/features/spaces/space.retention.sql.js'
import { deleteExpiredKeys } from '../../src/platform/idempotency/idempotency.sql.js'
import { openTestDatabase, type TestDatabase } from '../support/database.js'
import {
  backfills,
  confirmations,
  deletionBatches,
  idempotencyKeys,
  idOf,
  links,
  reembeddings,
  spaces,
  threads,
  timeOf,
} from '../support/plan.worlds.js'
import { expectSteadyWork } from '../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

test('a round of housekeeping reads what it removes, and not what else has ended', async () => {
  const middle = { id: idOf('bkfl', 500), finishedAt: timeOf(501) }

  await expectSteadyWork(database.pool, {
    world: [
      spaces(),
      spaces({ prefix: 'space_gone', isDeleted: true }),
      threads(),
      links({ spaces: 5 }),
      backfills(5),
      reembeddings(),
      deletionBatches,
      confirmations,
      idempotencyKeys,
    ],
    statements: {
      'the first backfills': deleteEndedBackfills(30, null, 50),
      'backfills from the middle on': deleteEndedBackfills(30, middle, 50),
      'nothing that is so old': deleteEndedBackfills(36_500, null, 50),
      reembeddings: deleteEndedReembeddings(30, 50),
      deletions: deleteEndedBatches(30, 50),
      confirmations: deleteExpiredConfirmations(50),
      spaces: deleteEmptySpaces(30, 50),
      'idempotency keys': deleteExpiredKeys(50),
    },
  })
})
