import { afterEach, beforeEach, test } from 'vitest'
import { type AuditFilter, listAuditEvents } from '../../../src/features/administration/audit.event.sql.js'
import { sql } from '../../../src/platform/database/database.js'
import { readPage, writeCursor } from '../../../src/platform/graphql/page.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { auditEvents, idOf, ORGANIZATION, timeOf, USER } from '../../support/plan.worlds.js'
import { expectSteadyWork } from '../../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

/** Only the oldest few events are of this action, and of this user: the worst place for a list that starts with the newest. */
const isRare = sql`n < 5`
const world = [
  auditEvents({
    action: sql`case when ${isRare} then 'space.created' else 'thread.created' end`,
    actorId: sql`case when ${isRare} then 'user_rare' else ${USER} end`,
  }),
  auditEvents({ organizationId: 'org_other', actorId: sql`'user_rare'` }),
]

test('a page of the audit trail is read from an index, whatever it is filtered by and however long the trail', async () => {
  const organization = { organizationId: ORGANIZATION }
  const middle = writeCursor({ rank: timeOf(500).getTime(), id: 'x' })
  const list = (filter: AuditFilter, after: string | null = null) =>
    listAuditEvents(organization, filter, readPage({ first: 20, after }))
  const rare = readPage({ first: 20 })

  await expectSteadyWork(database.pool, {
    world,
    statements: {
      all: list({}),
      'a page within': list({}, middle),
      action: list({ action: 'space.created' }),
      actor: list({ actor: 'user_rare' }),
      'action and actor': list({ action: 'space.created', actor: 'user_rare' }),
      target: list({ target: idOf('thrd', 7) }),
      'no such action': list({ action: 'nothing.done' }),
      'own of an action': listAuditEvents({ actorId: 'user_rare' }, { action: 'space.created' }, rare),
      'own of none': listAuditEvents({ actorId: 'user_rare' }, { action: 'nothing.done' }, rare),
    },
  })
})
