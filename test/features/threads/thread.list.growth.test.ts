import { afterEach, beforeEach, test } from 'vitest'
import { countThreads, listThreads, type ThreadScope } from '../../../src/features/threads/thread.sql.js'
import { sql } from '../../../src/platform/database/database.js'
import { readPage } from '../../../src/platform/graphql/page.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { ORGANIZATION, threads, USER } from '../../support/plan.worlds.js'
import { expectSteadyWork } from '../../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

/** Only the oldest few threads are theirs: the worst place for a list that starts with the newest. */
const world = [
  threads({ where: sql`n >= 10` }),
  threads({ ownerId: 'user_member', where: sql`n < 5` }),
  threads({ ownerId: 'user_viewer', where: sql`n between 5 and 9` }),
  threads({ organizationId: 'org_left', prefix: 'thrd_left', ownerId: 'user_other', where: sql`n >= 10` }),
  threads({ organizationId: 'org_left', prefix: 'thrd_left', ownerId: 'user_viewer', where: sql`n < 10` }),
]

const page = readPage({ first: 20 })

test('a page of threads is read from an index of each place it covers, and no other thread is', async () => {
  await database.pool.query(
    `insert into organization (id, name) values ('${ORGANIZATION}', 'World'), ('org_left', 'Left')`,
  )
  await database.pool.query(
    `insert into usage (organization_id, threads) values ('${ORGANIZATION}', 10), ('org_left', 10)`,
  )
  await database.pool.query(`insert into "user" (id) values ('user_member'), ('user_viewer')`)
  await database.pool.query(`insert into member (organization_id, user_id, role, accepted_at)
    values ('${ORGANIZATION}', 'user_member', 'MEMBER', now()), ('${ORGANIZATION}', 'user_viewer', 'VIEWER', now())`)
  const scopes = [USER, 'user_member', 'user_viewer'].flatMap((viewerId) =>
    [ORGANIZATION, null].flatMap((organizationId) =>
      [true, false].map((includeDeleted): ThreadScope => ({ viewerId, organizationId, includeDeleted })),
    ),
  )
  const live = scopes.filter(({ includeDeleted }) => !includeDeleted)

  await expectSteadyWork(database.pool, {
    world,
    statements: Object.fromEntries([
      ...scopes.map((scope) => [`list ${JSON.stringify(scope)}`, listThreads(scope, page)]),
      ...live.map((scope) => [`count ${JSON.stringify(scope)}`, countThreads(scope)]),
    ]),
  })
})
