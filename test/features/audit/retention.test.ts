import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'

let database: TestDatabase
const apps: TestApp[] = []

beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  await expectInvariants(database.pool)
  for (const app of apps.splice(0)) await app[Symbol.asyncDispose]()
  await database.close()
})

async function startNode(retentionDays?: number): Promise<TestApp> {
  const environment = { AUDIT_RETENTION_DAYS: retentionDays?.toString() }
  const app = await startTestApp({ database, environment, timings: { housekeeping: { pollMs: 20 } } })
  apps.push(app)
  return app
}

/** Events of other ages than a test could wait for. */
async function addEvents(count: number, age: string): Promise<void> {
  await database.pool.query(
    `insert into audit_event (id, actor_id, action, target_type, target_id, created_at)
     select 'audit_' || $2 || n, 'user_1', 'thread.created', 'thread', $2, now() - $2::interval
     from generate_series(1, $1::int) n`,
    [count, age],
  )
}

async function countsByAge(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query(
    `select target_id as age, count(*)::int as count from audit_event where actor_id = 'user_1' group by target_id`,
  )
  return Object.fromEntries(rows.map(({ age, count }) => [age, count]))
}

/** Keys expire without a setting: when this one is gone, housekeeping has made a round that began after it was there. */
async function waitForRound(): Promise<void> {
  await database.pool.query(
    `insert into idempotency_key (principal, operation, key, arguments_hash, expires_at)
     values ('user_1', 'createThread', 'expired', '', now() - interval '1 second'),
       ('user_1', 'createThread', 'valid', '', now() + interval '1 hour') on conflict do nothing`,
  )
  await eventually(async () => {
    const { rows } = await database.pool.query('select key from idempotency_key')
    expect(rows).toEqual([{ key: 'valid' }])
  })
}

test('without a retention no event goes, however old, while expired keys do', async () => {
  await addEvents(3, '40 years')
  await startNode()

  await waitForRound()
  // The second round begins when the first is done with the events too.
  await waitForRound()

  expect(await countsByAge()).toEqual({ '40 years': 3 })
})

test('events older than the retention go, those within it stay, and so does what is done meanwhile', async () => {
  for (const age of ['40 years', '31 days', '29 days', '1 minute']) await addEvents(3, age)
  const app = await startNode(30)
  const { id, owner } = await app.seed.organization()

  await eventually(async () => expect(await countsByAge()).toEqual({ '29 days': 3, '1 minute': 3 }))

  const { rows } = await database.pool.query('select actor_id from audit_event where target_id = $1', [id])
  expect(rows).toEqual([{ actor_id: owner.userId }])
})

test('two nodes at once delete many events, each in pieces and once', async () => {
  await addEvents(12_000, '31 days')
  await addEvents(10, '29 days')

  const nodes = await Promise.all([startNode(30), startNode(30)])

  await eventually(async () => expect(await countsByAge()).toEqual({ '29 days': 10 }))
  for (const { logs } of nodes) expect(logs.complaints()).toEqual([])
})

// On PGlite the nodes share one connection, which holds every lock.
test.runIf(testServerUrl())('while one node deletes events, another leaves them to it', async () => {
  await addEvents(3, '31 days')
  const busy = await database.pool.connect()
  try {
    await busy.query('begin')
    await busy.query(`select pg_advisory_xact_lock(hashtextextended('retention of audit events', 0))`)
    await startNode(30)
    await waitForRound()
    await waitForRound()
    expect(await countsByAge()).toEqual({ '31 days': 3 })
    await busy.query('commit')
  } finally {
    busy.release()
  }

  await eventually(async () => expect(await countsByAge()).toEqual({}))
})
