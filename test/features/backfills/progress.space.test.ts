import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { selectActiveInSpaces, selectChangedInSpaces } from '../../../src/features/backfills/backfill.sql.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { openTestDatabase, testServerUrl } from '../../support/database.js'
import {
  backfills,
  base,
  type Filler,
  idOf,
  links,
  spaces,
  threads,
  USER,
} from '../../support/plan.worlds.js'
import { expectSteadyWork, fill } from '../../support/plans.js'
import type { TestSubscription } from '../../support/subscription.js'

/** Watching a space with many backfills, of which no event comes: they are changed behind the server's back. */

const BACKFILLS = 20_500
const SPACE = idOf('space', 0)
const PATIENCE_MS = 120_000

let app: TestApp
let user: TestClient
let watcher: TestSubscription

beforeAll(async () => {
  // Nothing is embedded.
  app = await startTestApp({ timings: { backfill: { parallel: 0 } } })
  for (const { text, values } of base) await app.pool.query(text, [...values])
  await fill(app.pool, [spaces()], 0, 1)
  await fill(app.pool, [threads(), links(), backfills()], 0, BACKFILLS)
  user = await app.as(USER)
})
beforeEach(async () => {
  await app.pool.query(
    "update backfill set status = 'QUEUED', finished_at = null, updated_at = clock_timestamp()",
  )
  watcher = user.subscribe('SpaceBackfillProgress', { spaceId: SPACE })
})
afterEach(() => watcher.stop())
afterAll(() => app[Symbol.asyncDispose]())

/** The next events, up to the one of a backfill with this status. */
async function readTo(number: number, status: string): Promise<Json[]> {
  const events: Json[] = []
  for (;;) {
    const event = (await watcher.next())?.data.spaceBackfillProgress
    events.push(event)
    if (event.backfillId === idOf('bkfl', number) && event.status === status) return events
  }
}

const oneSpace: Filler = (from) => spaces()(from, from === 0 ? 1 : from)

const END = `update backfill set status = 'CANCELED', finished_at = clock_timestamp(), updated_at = clock_timestamp(),
  sequence = sequence + 1 where id = any($1)`
const ended = (...numbers: number[]) => [numbers.map((number) => idOf('bkfl', number))]

test(
  'however many backfills a space has, each change of each is sent once',
  async () => {
    const events = await readTo(BACKFILLS - 1, 'QUEUED')
    // Each is seen at another look.
    for (const number of [5, 7_000]) {
      await app.pool.query(END, ended(number))
      events.push(...(await readTo(number, 'CANCELED')))
    }
    await app.pool.query(
      END,
      ended(...Array.from({ length: BACKFILLS }, (_, number) => number).filter((number) => number > 7_000)),
    )
    while (events.length < BACKFILLS + 2 + (BACKFILLS - 7_001))
      events.push((await watcher.next())?.data.spaceBackfillProgress)
    await app.pool.query(END, ended(11))
    events.push(...(await readTo(11, 'CANCELED')))

    const changes = events.map(({ backfillId, sequence }) => `${backfillId} ${sequence}`)
    expect(changes).toHaveLength(new Set(changes).size)
    expect(changes).toHaveLength(BACKFILLS + 3 + (BACKFILLS - 7_001))
  },
  PATIENCE_MS,
)

test.runIf(testServerUrl())(
  'a change that is committed after later ones have been sent is sent too',
  async () => {
    await readTo(BACKFILLS - 1, 'QUEUED')
    const late: PoolClient = await app.pool.connect()
    try {
      await late.query('begin')
      await late.query(END, ended(1))
      for (const number of [2, 3]) {
        await app.pool.query(END, ended(number))
        await readTo(number, 'CANCELED')
      }
      await late.query('commit')
    } finally {
      late.release()
    }

    expect(await readTo(1, 'CANCELED')).toMatchObject([{ backfillId: idOf('bkfl', 1), status: 'CANCELED' }])
  },
  PATIENCE_MS,
)

test('a look at a space costs no more when ten times as many of its backfills have ended', async () => {
  const database = await openTestDatabase()
  try {
    await expectSteadyWork(database.pool, {
      world: [oneSpace, backfills()],
      statements: {
        first: selectActiveInSpaces([SPACE]),
        further: selectChangedInSpaces([{ id: SPACE, since: new Date(Date.now() + PATIENCE_MS) }]),
      },
    })
  } finally {
    await database.close()
  }
})
