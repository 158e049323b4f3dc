import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'

const MOST_A_SECOND = 10

let app: TestApp

beforeAll(async () => {
  // One commit a message: many more changes than may be told.
  app = await startTestApp({ embedder: new FakeEmbedder({ batchSize: 1, concurrency: 1 }) })
  app.embedder.delay(4)
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

/** What a watcher gets until it is over, and the seconds that it took. */
async function record(
  owner: TestClient,
  name: string,
  variables: Record<string, unknown>,
  isOver: (events: readonly Json[]) => boolean,
): Promise<{ events: Json[]; seconds: number }> {
  const startedAt = performance.now()
  const watcher = owner.subscribe(name, variables)
  const events: Json[] = []
  while (!isOver(events)) {
    const reply = await watcher.next()
    if (reply === null) break
    expect(reply.errors).toBeUndefined()
    events.push(reply.data.backfillProgress ?? reply.data.spaceBackfillProgress)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  await watcher.stop()
  return { events, seconds }
}

const untilItEnds = () => false

function expectModest(events: readonly Json[], seconds: number): void {
  expect(events.length).toBeGreaterThan(3)
  expect(events.length).toBeLessThanOrEqual(MOST_A_SECOND * seconds + 2)
}

test('the progress of a backfill is sent at most ten times a second, and its end is never dropped', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 150 })

  const { events, seconds } = await record(owner, 'BackfillProgress', { backfillId }, untilItEnds)

  expectModest(events, seconds)
  const { rows } = await app.pool.query('select sequence from backfill where id = $1', [backfillId])
  expect(events.at(-1)).toMatchObject({
    status: 'COMPLETED',
    processed: 150,
    sequence: rows[0].sequence,
    messagesPerSecond: expect.any(Number),
    etaSeconds: 0,
  })
})

test('the time left is reported while it is running', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 100 })

  const { events } = await record(owner, 'BackfillProgress', { backfillId }, untilItEnds)

  const atWork = events.filter(({ processed }) => processed > 20 && processed < 100)
  expect(atWork.length).toBeGreaterThan(0)
  for (const { total, processed, messagesPerSecond, etaSeconds } of atWork) {
    expect(messagesPerSecond).toBeGreaterThan(0)
    expect(etaSeconds).toBeGreaterThanOrEqual(Math.floor((total - processed) / (messagesPerSecond + 1)))
  }
})

test('of several backfills of a space, the progress of each is sent at most ten times a second, with its end', async () => {
  const organization = await app.seed.organization()
  const { id: spaceId, owner } = await app.seed.space(organization)
  const threads = await Promise.all([1, 2, 3].map(() => app.seed.thread({ organization, messages: 60 })))
  const links = threads.map((thread) => app.seed.link({ id: spaceId, owner }, thread))
  const backfillIds = await Promise.all(links)

  const { events, seconds } = await record(
    owner,
    'SpaceBackfillProgress',
    { spaceId },
    (seen) => seen.filter(({ status }) => status === 'COMPLETED').length === 3,
  )

  for (const id of backfillIds) {
    const own = events.filter(({ backfillId }) => backfillId === id)
    expectModest(own, seconds)
    expect(own.at(-1)).toMatchObject({ status: 'COMPLETED', processed: 60 })
  }
})
