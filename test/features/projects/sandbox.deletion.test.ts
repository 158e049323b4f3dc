import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  SANDBOX_DELETION,
  SandboxClient,
  type SandboxDeletion,
  sandboxDeletion,
} from '../../../src/features/projects/sandbox.service.js'
import { Database, sql } from '../../../src/platform/database/database.js'
import { createMemoryBus } from '../../../src/platform/events/bus.js'
import { createLogger } from '../../../src/platform/log.js'
import { Outbox } from '../../../src/platform/outbox/outbox.js'
import { createOutboxWorker } from '../../../src/platform/outbox/outbox.worker.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'

const bus = createMemoryBus()
const outbox = new Outbox(bus)
let database: TestDatabase
let db: Database
let endpoint: FakeSandboxEndpoint
let worker: ReturnType<typeof createOutboxWorker>

beforeAll(async () => {
  database = await openTestDatabase()
  db = new Database(database.pool)
})
afterAll(async () => {
  await db.close()
  await database.close()
})

beforeEach(async () => {
  await db.query(sql`truncate organization, outbox cascade`)
  await db.query(sql`insert into organization (id, name) values ('org_1', 'Loom')`)
  await db.query(sql`
    insert into project (id, organization_id, name, sandbox_id, sandbox_status) values
      ('proj_1', 'org_1', 'Its own', 'sbx-1', 'DELETING'), ('proj_2', 'org_1', 'Another', 'sbx-2', 'ACTIVE')`)
  endpoint = await startSandboxEndpoint()
  const handlers = { [SANDBOX_DELETION]: sandboxDeletion(new SandboxClient(endpoint.url, 'key')) }
  const backoff = { baseMs: 1, maxMs: 5 }
  worker = createOutboxWorker(db, bus, createLogger('silent'), handlers, { pollMs: 20, backoff })
  worker.start()
})
afterEach(async () => {
  await worker.stop()
  await endpoint.close()
})

const add = (payload: SandboxDeletion) =>
  db.transaction((tx) =>
    outbox.addEffect(tx, { kind: SANDBOX_DELETION, payload, organizationId: 'org_1', request: null }),
  )

const readOutbox = () =>
  db.query(sql`select last_error as "lastError", parked_at is not null as parked from outbox`)

const waitUntilEmpty = () => eventually(async () => expect(await readOutbox()).toEqual([]))

const readStatuses = () => db.query(sql`select id, sandbox_status::text as status from project order by id`)

test('the sandbox of a project is deleted, however often the service fails, and the project shows it', async () => {
  endpoint.failNext(503)
  endpoint.failNext(500)
  await add({ sandboxId: 'sbx-1', projectId: 'proj_1' })
  await waitUntilEmpty()

  expect(endpoint.requests).toHaveLength(3)
  expect(endpoint.deletions).toEqual(['sbx-1'])
  expect(await readStatuses()).toEqual([
    { id: 'proj_1', status: 'DELETED' },
    { id: 'proj_2', status: 'ACTIVE' },
  ])
})

test('the sandbox of a project that is gone is deleted too', async () => {
  await add({ sandboxId: 'sbx-9', projectId: 'proj_9' })
  await waitUntilEmpty()

  expect(endpoint.deletions).toEqual(['sbx-9'])
})

test('a deletion that the service refuses is parked, and the project does not show it as done', async () => {
  endpoint.failNext(403)
  await add({ sandboxId: 'sbx-1', projectId: 'proj_1' })
  await eventually(async () => {
    expect(await readOutbox()).toEqual([
      { lastError: 'The sandbox service refused the key (403).', parked: true },
    ])
  })

  expect(await readStatuses()).toMatchObject([{ status: 'DELETING' }, { status: 'ACTIVE' }])
})

test.each([{ projectId: 'proj_1' }, { sandboxId: 'a b', projectId: 'proj_1' }])(
  'an effect that names no sandbox is parked, and the service is not asked: %j',
  async (payload) => {
    await add(payload as SandboxDeletion)
    await eventually(async () => expect(await readOutbox()).toMatchObject([{ parked: true }]))

    expect(endpoint.requests).toEqual([])
  },
)
