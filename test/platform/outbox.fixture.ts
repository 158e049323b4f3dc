import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { Database, sql } from '../../src/platform/database/database.js'
import { type Bus, createMemoryBus } from '../../src/platform/events/bus.js'
import { createLogger } from '../../src/platform/log.js'
import type { EffectHandler } from '../../src/platform/outbox/outbox.effect.js'
import { Outbox } from '../../src/platform/outbox/outbox.js'
import { createOutboxWorker, type OutboxOptions } from '../../src/platform/outbox/outbox.worker.js'
import { openTestDatabase, type TestDatabase } from '../support/database.js'
import { eventually } from '../support/eventually.js'

export const KIND = 'bell.ring'
export const HOUR_MS = 3_600_000

export interface Row {
  id: string
  attempts: number
  lastError: string | null
  leaseId: string | null
  isParked: boolean
  /** milliseconds until it is due */
  waitMs: number
}

export interface Fixture {
  db: Database
  bus: Bus
  outbox: Outbox
  /** each line that the workers of this test have logged */
  log: { level: number; msg: string; [fact: string]: unknown }[]
  add(payload?: Record<string, string>): Promise<string>
  /** Starts a worker with one handler; a test that ends stops it. */
  work(handler: EffectHandler, options?: Partial<OutboxOptions>): ReturnType<typeof createOutboxWorker>
  rows(): Promise<Row[]>
  waitUntilEmpty(): Promise<void>
}

/** Quick enough for a test to wait for; leases last, because a busy machine may be late to renew a short one. */
const QUICK: Partial<OutboxOptions> = {
  pollMs: 20,
  leaseMs: 60_000,
  graceMs: 50,
  backoff: { baseMs: 1, maxMs: 5 },
}

/** An empty outbox for each test of the file. */
export function eachTestWithOutbox(): Fixture {
  const fixture = {} as Fixture
  const workers: ReturnType<typeof createOutboxWorker>[] = []
  let database: TestDatabase

  beforeAll(async () => {
    database = await openTestDatabase()
    fixture.db = new Database(database.pool)
  })
  afterAll(async () => {
    await fixture.db.close()
    await database.close()
  })
  beforeEach(async () => {
    await fixture.db.query(sql`truncate outbox, organization cascade`)
    fixture.bus = createMemoryBus()
    fixture.outbox = new Outbox(fixture.bus)
    fixture.log = []
  })
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  })

  fixture.add = (payload = {}) =>
    fixture.db.transaction((tx) =>
      fixture.outbox.addEffect(tx, {
        kind: KIND,
        payload,
        organizationId: 'org_1',
        request: { requestId: 'req_1', traceId: 'trace', correlationId: null },
      }),
    )
  fixture.work = (handler, options = {}) => {
    const logger = createLogger('info', { write: (line) => fixture.log.push(JSON.parse(line)) })
    const handlers = { [KIND]: handler }
    const worker = createOutboxWorker(fixture.db, fixture.bus, logger, handlers, { ...QUICK, ...options })
    workers.push(worker)
    worker.start()
    return worker
  }
  fixture.rows = () =>
    fixture.db.query(sql`
      select id, attempts, last_error as "lastError", lease_id as "leaseId", parked_at is not null as "isParked",
        (extract(epoch from next_attempt_at - now()) * 1000)::float8 as "waitMs"
      from outbox order by id`)
  fixture.waitUntilEmpty = () =>
    eventually(async () => {
      const rows = await fixture.rows()
      if (rows.length > 0) throw new Error(`The outbox still holds ${JSON.stringify(rows)}`)
    })
  return fixture
}

/** A promise that a test settles when it is time. */
export function createGate(): { opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Ends when, and only when, its signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
