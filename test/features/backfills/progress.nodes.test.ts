import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'

const REDIS_URL = process.env.TEST_REDIS_URL

// Nobody listens there: whatever is published is lost.
const DEAD_REDIS_URL = 'redis://127.0.0.1:1'

// Well before the watcher looks at the row by itself, which is three seconds after it did last.
const BEFORE_THE_NEXT_LOOK_MS = 2_500

let database: TestDatabase
let worker: TestApp
let server: TestApp

/** One node that embeds and one that answers, as two processes on one database. */
async function startNodes(redisUrl: string | undefined): Promise<void> {
  // A role wants a server to be named; PGlite is reached through the pool that is handed over.
  const environment = { REDIS_URL: redisUrl, DATABASE_URL: database.url ?? 'postgres://127.0.0.1/none' }
  worker = await startTestApp({ database, environment: { ...environment, HEDDLE_ROLE: 'worker' } })
  server = await startTestApp({ database, environment: { ...environment, HEDDLE_ROLE: 'api' } })
}

beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  worker.embedder.resume()
  await expectSoundRest(database.pool)
  await server[Symbol.asyncDispose]()
  await worker[Symbol.asyncDispose]()
  await database.close()
})

test('while Redis is away every event is lost, and work and watchers still come to their end', async () => {
  await startNodes(DEAD_REDIS_URL)
  worker.embedder.pause()
  const { owner, space, backfillId } = await server.seed.spaceWithThread({ messages: 20 })
  const one = owner.subscribe('BackfillProgress', { backfillId })
  const all = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  for (const watcher of [one, all]) await watcher.next()
  await eventually(() => expect(worker.embedder.inFlight).toBeGreaterThan(0))

  worker.embedder.resume()

  expect((await one.rest()).at(-1)?.data.backfillProgress).toMatchObject({
    status: 'COMPLETED',
    processed: 20,
  })
  let event = (await all.next())?.data.spaceBackfillProgress
  while (event.status !== 'COMPLETED') event = (await all.next())?.data.spaceBackfillProgress
  expect(event).toMatchObject({ backfillId, processed: 20 })
  await all.stop()
  expect(server.embedder.calls).toEqual([])
})

describe.runIf(REDIS_URL)('over Redis', () => {
  test('a node that answers hears at once what a node that embeds has done', async () => {
    await startNodes(REDIS_URL)
    worker.embedder.pause()
    const { owner, space, backfillId } = await server.seed.spaceWithThread({ messages: 1 })
    await eventually(() => expect(worker.embedder.inFlight).toBeGreaterThan(0))
    const watchers = [
      owner.subscribe('BackfillProgress', { backfillId }),
      owner.subscribe('SpaceBackfillProgress', { spaceId: space.id }),
    ]
    for (const watcher of watchers) await watcher.next()
    const joinedAt = performance.now()

    worker.embedder.resume()

    for (const watcher of watchers) {
      let status: string | undefined
      while (status !== 'COMPLETED')
        status = Object.values<{ status: string }>((await watcher.next())?.data)[0]?.status
    }
    expect(performance.now() - joinedAt).toBeLessThan(BEFORE_THE_NEXT_LOOK_MS)
    for (const watcher of watchers) await watcher.stop()
  })

  test('a node that embeds hears at once of work, and of its end', async () => {
    await startNodes(REDIS_URL)
    const { owner, space, thread, backfillId } = await server.seed.spaceWithThread({ messages: 5 })
    await server.seed.embedded(owner, backfillId)
    const watcher = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
    worker.embedder.pause()
    const other = await server.seed.thread({
      organization: { id: space.organizationId, owner },
      messages: 20,
    })
    const otherId = await server.seed.link(space, other)
    await eventually(() => expect(worker.embedder.inFlight).toBeGreaterThan(0))

    await owner.must('CancelBackfill', { backfillId: otherId })

    let event = (await watcher.next())?.data.spaceBackfillProgress
    while (event.status !== 'CANCELED') event = (await watcher.next())?.data.spaceBackfillProgress
    expect(event).toMatchObject({ backfillId: otherId, processed: 0 })
    await watcher.stop()
    worker.embedder.resume()
    await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })
    expect((await owner.must('Space', { id: space.id })).space).toMatchObject({ vectorCount: 0 })
  })
})
