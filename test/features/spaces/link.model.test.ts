import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'

let database: TestDatabase
let app: TestApp

beforeEach(async () => {
  database = await openTestDatabase()
  app = await startTestApp({ database })
})
afterEach(async () => {
  await expectSoundRest(database.pool)
  await app[Symbol.asyncDispose]()
  await database.close()
})

const WORDS = { model: 'fake-words@1', dimensions: 64 }

/** Stops the server and starts one that embeds with another model, on the same database. */
async function embedWith(options: { model: string; dimensions: number }): Promise<void> {
  await app[Symbol.asyncDispose]()
  app = await startTestApp({ database, embedder: new FakeEmbedder(options) })
}

async function models(): Promise<unknown[]> {
  return (await database.pool.query('select distinct model from embedding')).rows
}

const PROGRESS = 'query ($id: ID!) { backfill(id: $id) { status processed lastError nextAttemptAt } }'

test.each([
  { model: 'other-words@1', dimensions: 64 },
  { model: 'fake-words@1', dimensions: 32 },
])(
  'a space of another model takes no threads and is not searched by meaning: $model ($dimensions)',
  async (other) => {
    const { owner: before, organization, space, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
    const later = await app.seed.thread({ organization, messages: 2 })
    await app.seed.embedded(before, backfillId)

    await embedWith(other)

    const owner = await app.as(before.userId ?? '')
    const message = `The space holds vectors of fake-words@1 (64 dimensions), but this server embeds with ${other.model} (${other.dimensions}).`
    const mismatch = { code: 'CONFLICT', status: 409, systemMessage: 'Embedding model mismatch', message }
    const added = await owner.run('AddThreadToSpace', { spaceId: space.id, threadId: later.id })
    expect(added).toFailWith({ ...mismatch, details: { spaceId: space.id } })
    const search = '{ searchSpace(spaceId: "SPACE", query: "message", mode: SEMANTIC) { mode } }'
    expect(await owner.run(search.replace('SPACE', space.id))).toFailWith(mismatch)
    expect((await owner.must('Space', { id: space.id })).space).toMatchObject({
      threadCount: 1,
      vectorCount: 2,
    })
    expect(app.embedder.calls).toEqual([])
  },
)

test('a new space takes the model of the server that makes it', async () => {
  await embedWith({ model: 'other-words@1', dimensions: 32 })

  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
  await app.seed.embedded(owner, backfillId)

  const { space: made } = await owner.must(
    'query ($id: ID!) { space(id: $id) { embeddingModel embeddingDimensions vectorCount } }',
    { id: space.id },
  )
  expect(made).toEqual({ embeddingModel: 'other-words@1', embeddingDimensions: 32, vectorCount: 2 })
})

test('a backfill that another model interrupts waits and says why, and goes on under its own: no store is mixed', async () => {
  app.embedder.pause()
  const { owner: before, backfillId, thread } = await app.seed.spaceWithThread({ messages: 12 })
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))

  await embedWith({ model: 'other-words@1', dimensions: 64 })

  const owner = await app.as(before.userId ?? '')
  await eventually(async () => {
    const { backfill } = await owner.must(PROGRESS, { id: backfillId })
    expect(backfill).toEqual({
      status: 'RUNNING',
      processed: 0,
      lastError:
        'The space holds vectors of fake-words@1 (64 dimensions), but this server embeds with other-words@1 (64).',
      nextAttemptAt: expect.any(String),
    })
  })
  await app.seed.messages({ id: thread.id, owner }, 3)
  expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Embedding model mismatch',
  })
  expect(app.embedder.calls).toEqual([])
  expect(await models()).toEqual([])

  await embedWith(WORDS)

  const again = await app.as(before.userId ?? '')
  const { retryBackfill } = await again.must('RetryBackfill', { backfillId })
  expect(retryBackfill.backfill.id).toBe(backfillId)
  expect(await app.seed.embedded(again, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 12 })
  await waitForRest(database.pool)
  expect((await again.must('Thread', { id: thread.id })).thread.messageCount).toBe(15)
  expect(await models()).toEqual([{ model: 'fake-words@1' }])
})
