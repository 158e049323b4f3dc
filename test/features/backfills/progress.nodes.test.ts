import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import { StoppedClock } from '../../support/stopped.clock.js'

const REDIS_URL = process.env.TEST_REDIS_URL

// Nobody listens there: whatever is published is lost.
const DEAD_REDIS_URL = 'redis://127.0.0.1:1'

// More than between two events of a watcher, and much less than until it looks at the row by itself.
const BETWEEN_EVENTS_MS = 200

let database: TestDatabase
let worker: TestApp
let server: TestApp

/** One node that embeds and one that answers, as two processes on one database. */
async function startNodes(redisUrl: string | undefined): Promise<void> {
  worker = await startNode('worker', redisUrl)
  server = await startNode('api', redisUrl)
}

function startNode(role: 'worker' | 'api', redisUrl: string | undefined): Promise<TestApp> {
  // A role wants a server to be named; PGlite is reached through the pool that is handed over.
  const place = { REDIS_URL: redisUrl, DATABASE_URL: database.url ?? 'postgres://127.0.0.1/none' }
  return startTestApp({ database, environment: { ...place, HEDDLE_ROLE: role } })
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

test('while Redis is away the watchers of a space that another node deletes learn the end of its work', async () => {
  await startNodes(DEAD_REDIS_URL)
  await using other = await startNode('api', DEAD_REDIS_URL)
  worker.embedder.pause()
  const { owner, space, backfillId } = await server.seed.spaceWithThread({ messages: 20 })
  const reader = await server.seed.grant(space, 'VIEWER')
  const one = reader.subscribe('BackfillProgress', { backfillId })
  const all = reader.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  for (const watcher of [one, all]) expect((await watcher.next())?.errors).toBeUndefined()

  await (await other.as(`${owner.userId}`)).must('DeleteSpace', { spaceId: space.id })

  const replies = await one.rest()
  expect(replies.at(-1)?.errors).toBeUndefined()
  expect(replies.at(-1)?.data.backfillProgress).toMatchObject({ status: 'CANCELED', processed: 0 })
  const [last, canceled] = (await all.rest()).toReversed()
  expect(canceled?.data.spaceBackfillProgress).toMatchObject({ backfillId, status: 'CANCELED' })
  expect(last).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Space not found' })
  for (const watcher of [one, all]) expect(await watcher.end()).toEqual({ kind: 'completed' })
})

test('who loses access before the space is deleted is not told its end', async () => {
  await startNodes(DEAD_REDIS_URL)
  await using other = await startNode('api', DEAD_REDIS_URL)
  worker.embedder.pause()
  const { owner, space, backfillId } = await server.seed.spaceWithThread({ messages: 20 })
  const reader = await server.seed.grant(space, 'VIEWER')
  const watcher = reader.subscribe('BackfillProgress', { backfillId })
  expect((await watcher.next())?.errors).toBeUndefined()

  const elsewhere = await other.as(`${owner.userId}`)
  await elsewhere.must('RevokeSpaceAccess', { spaceId: space.id, userId: reader.userId })
  await elsewhere.must('DeleteSpace', { spaceId: space.id })

  const replies = await watcher.rest()
  expect(replies.at(-1)).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Backfill not found' })
  expect(replies.map(({ data }) => data?.backfillProgress.status)).not.toContain('CANCELED')
})

describe.runIf(REDIS_URL)('over Redis', () => {
  test('an API node is notified at once of what a worker node has done', async () => {
    await startNodes(REDIS_URL)
    worker.embedder.pause()
    const { owner, space, backfillId } = await server.seed.spaceWithThread({ messages: 1 })
    await eventually(() => expect(worker.embedder.inFlight).toBeGreaterThan(0))
    const watchers = [
      owner.subscribe('BackfillProgress', { backfillId }),
      owner.subscribe('SpaceBackfillProgress', { spaceId: space.id }),
    ]
    for (const watcher of watchers) await watcher.next()
    using clock = new StoppedClock()

    worker.embedder.resume()

    for (const watcher of watchers) {
      let status: string | undefined
      while (status !== 'COMPLETED') {
        clock.pass(BETWEEN_EVENTS_MS)
        status = Object.values<{ status: string }>((await watcher.next())?.data)[0]?.status
      }
    }
    for (const watcher of watchers) await watcher.stop()
  })

  test('a worker node is notified at once of work, and of its end', async () => {
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
