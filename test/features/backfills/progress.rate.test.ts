import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import type { TestSubscription } from '../../support/subscription.js'

const MOST_A_SECOND = 10

let app: TestApp

beforeAll(async () => {
  // One commit a message: many more changes than may be told.
  app = await startTestApp({ embedder: new FakeEmbedder({ batchSize: 1, concurrency: 1 }) })
  app.embedder.delay(4)
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

interface Timed {
  event: Json
  at: number
}

async function record(
  watcher: TestSubscription,
  isOver: (events: readonly Timed[]) => boolean,
): Promise<Timed[]> {
  const events: Timed[] = []
  while (!isOver(events)) {
    const reply = await watcher.next()
    if (reply === null) break
    expect(reply.errors).toBeUndefined()
    events.push({
      event: reply.data.backfillProgress ?? reply.data.spaceBackfillProgress,
      at: performance.now(),
    })
  }
  return events
}

function expectModest(events: readonly Timed[]): void {
  const seconds = ((events.at(-1)?.at ?? 0) - (events[0]?.at ?? 0)) / 1_000
  expect(events.length).toBeGreaterThan(3)
  expect(events.length).toBeLessThanOrEqual(MOST_A_SECOND * seconds + 2)
}

test('a backfill is told of at most ten times a second, and its end is never dropped', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 150 })

  const events = await record(owner.subscribe('BackfillProgress', { backfillId }), () => false)

  expectModest(events)
  const { rows } = await app.pool.query('select sequence from backfill where id = $1', [backfillId])
  expect(events.length).toBeLessThan(rows[0].sequence / 2)
  expect(events.at(-1)?.event).toMatchObject({
    status: 'COMPLETED',
    processed: 150,
    sequence: rows[0].sequence,
    messagesPerSecond: expect.any(Number),
    etaSeconds: 0,
  })
})

test('the time left is told while it is at work', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 100 })

  const events = await record(owner.subscribe('BackfillProgress', { backfillId }), () => false)

  const atWork = events.map(({ event }) => event).filter(({ processed }) => processed > 20 && processed < 100)
  expect(atWork.length).toBeGreaterThan(0)
  for (const { total, processed, messagesPerSecond, etaSeconds } of atWork) {
    expect(messagesPerSecond).toBeGreaterThan(0)
    expect(etaSeconds).toBeGreaterThanOrEqual(Math.floor((total - processed) / (messagesPerSecond + 1)))
  }
})

test('of several backfills of a space each is told of at most ten times a second, with its end', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const threads = await Promise.all([1, 2, 3].map(() => app.seed.thread({ organization, messages: 60 })))
  const backfillIds = await Promise.all(threads.map((thread) => app.seed.link(space, thread)))
  const watcher = organization.owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })

  const events = await record(
    watcher,
    (seen) => seen.filter(({ event }) => event.status === 'COMPLETED').length === 3,
  )

  await watcher.stop()
  for (const id of backfillIds) {
    const own = events.filter(({ event }) => event.backfillId === id)
    expectModest(own)
    expect(own.at(-1)?.event).toMatchObject({ status: 'COMPLETED', processed: 60 })
  }
})
