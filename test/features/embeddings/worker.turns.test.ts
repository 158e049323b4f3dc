import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'

const CONCURRENCY = 2
const BATCH = 4

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({
    embedder: new FakeEmbedder({ batchSize: BATCH, concurrency: CONCURRENCY }),
    timings: { backfill: { pollMs: 50, retryMs: 20, parallel: 2 } },
  })
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** Threads in a space, one of each name, with so many messages. */
async function link(names: readonly string[], count: number) {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const threads = await Promise.all(
    names.map((name) => app.seed.thread({ organization, messages: texts(name, count) })),
  )
  const backfillIds = []
  for (const thread of threads) backfillIds.push(await app.seed.link(space, thread))
  return { organization, owner: organization.owner, space, threads, backfillIds }
}

test('all threads together have as many calls at the embedder as it takes, and a search needs no turn', async () => {
  app.embedder.pause()
  const { owner, space, backfillIds } = await link(['one', 'two', 'three'], 20)
  await eventually(() => expect(app.embedder.inFlight).toBe(CONCURRENCY))

  const search = owner.must('SearchSpace', { spaceId: space.id, query: 'one' })

  await eventually(() => expect(app.embedder.inFlight).toBe(CONCURRENCY + 1))
  expect(app.embedder.calls.at(-1)).toEqual(['one'])
  app.embedder.resume()
  await search
  for (const id of backfillIds) {
    expect(await app.seed.embedded(owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  }
  expect(app.embedder.mostInFlight).toBe(CONCURRENCY + 1)
})

test.runIf(testServerUrl())('the embedder has its next calls while a commit is held up', async () => {
  app.embedder.pause()
  const { owner, threads, backfillIds } = await link(['held up'], 20)
  await eventually(() => expect(app.embedder.inFlight).toBe(CONCURRENCY))
  const client = await app.pool.connect()
  try {
    await client.query('begin')
    await client.query('select from store_thread where thread_id = $1 for update', [threads[0]?.id])
    const callsBefore = app.embedder.calls.length

    // Answers what is in flight, and holds what comes next.
    app.embedder.pause()

    await eventually(() => expect(app.embedder.calls.length).toBe(callsBefore + CONCURRENCY))
    await eventually(() => expect(app.embedder.inFlight).toBe(CONCURRENCY))
    const { backfill } = await owner.must('Backfill', { id: backfillIds[0] })
    expect(backfill).toMatchObject({ status: 'RUNNING', processed: 0 })
    await client.query('rollback')
  } finally {
    client.release()
  }
  app.embedder.resume()

  expect(await app.seed.embedded(owner, backfillIds[0] ?? '')).toMatchObject({ embedded: 20 })
})

test('a small thread waits for a few batches of the large ones before it, and not for all of them', async () => {
  app.embedder.pause()
  const large = await link(['large a', 'large b', 'large c'], 50 * BATCH)
  await eventually(() => expect(app.embedder.inFlight).toBe(CONCURRENCY))
  const thread = await app.seed.thread({ organization: large.organization, messages: texts('small', 2) })
  const small = await app.seed.link(large.space, thread)
  const callsBefore = app.embedder.calls.length

  app.embedder.resume()

  expect(await app.seed.embedded(large.owner, small)).toMatchObject({ status: 'COMPLETED', embedded: 2 })
  const later = app.embedder.calls.slice(callsBefore)
  const before = later.findIndex(([text]) => text?.startsWith('small'))
  // A turn is 8 batches: of 150, one turn of each large thread comes first, and one more while the small one is claimed.
  expect(before).toBeLessThanOrEqual(4 * 8)
  for (const id of large.backfillIds) {
    expect(await app.seed.embedded(large.owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 200 })
  }
  // Nothing was paid for twice by giving links back.
  const all = app.embedder.calls.flat().filter((text) => text.startsWith('large'))
  expect(all).toHaveLength(new Set(all).size)
})
