import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { expectInvariants } from '../../support/invariants.js'
import { type FakeRedisEndpoint, startRedisEndpoint } from '../../support/redis.endpoint.js'
import { DELETE_ALL, PREVIEW_ALL, PROGRESS, watchDeletion } from './purge.fixture.js'

const THREADS = 3
const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Deletion not found' }
let database: TestDatabase
let redis: FakeRedisEndpoint
/** purges nothing by itself, so that a test decides when the work is done */
let app: TestApp

beforeAll(async () => {
  database = await openTestDatabase()
  redis = await startRedisEndpoint()
  app = await startNode('api')
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await redis.close()
  await database.close()
})
afterEach(() => expectInvariants(database.pool))

/** A role wants servers to be named; PGlite is reached through the pool that is handed over. */
function startNode(role: 'api' | 'worker'): Promise<TestApp> {
  const DATABASE_URL = database.url ?? 'postgres://127.0.0.1/none'
  return startTestApp({ database, environment: { HEDDLE_ROLE: role, DATABASE_URL, REDIS_URL: redis.url } })
}

/** Every thread of a new user, being deleted for good. */
async function seedDeletion() {
  const organization = await app.seed.organization()
  const { owner } = organization
  for (let count = 0; count < THREADS; count++) await app.seed.thread({ organization, messages: 2 })
  const { confirmationToken } = (await owner.must(PREVIEW_ALL)).threadsDeletionPreview
  const { deleteAllThreads } = await owner.must(DELETE_ALL, { mode: 'PERMANENT', confirmationToken })
  return { organization, owner, batchId: deleteAllThreads.batchId as string }
}

/** Carries out what is to be purged. */
async function purge(owner: TestClient, batchId: string): Promise<void> {
  const worker = await startNode('worker')
  try {
    await watchDeletion(owner, { batchId })
  } finally {
    await worker[Symbol.asyncDispose]()
  }
}

const statusesOf = (progress: readonly Json[]) => progress.map(({ status }) => status)

test('who watches before the end is told of it once, as the last', async () => {
  const { owner, batchId } = await seedDeletion()
  const watchers = Array.from({ length: 3 }, () => owner.subscribe(PROGRESS, { batchId }))
  for (const watcher of watchers) {
    expect((await watcher.next())?.data.deletionProgress).toMatchObject({
      batchId,
      status: 'RUNNING',
      totalThreads: THREADS,
      deletedThreads: 0,
      percent: 0,
    })
  }

  await purge(owner, batchId)

  for (const watcher of watchers) {
    expect(await watcher.end()).toEqual({ kind: 'completed' })
    const told: Json[] = (await watcher.rest()).map(({ data }) => data.deletionProgress)
    expect(statusesOf(told).filter((status) => status === 'COMPLETED')).toHaveLength(1)
    expect(told.at(-1)).toMatchObject({ status: 'COMPLETED', deletedThreads: THREADS, percent: 100 })
    await watcher.stop()
  }
})

test('who comes after the end of a deletion of many is told of it once', async () => {
  const { owner, batchId } = await seedDeletion()
  await purge(owner, batchId)

  for (let count = 0; count < 2; count++) {
    expect(statusesOf(await watchDeletion(owner, { batchId }))).toEqual(['COMPLETED'])
  }
})

test.each(['PERMANENT', 'SOFT'])(
  'who comes after the deletion of a thread is told of its end once, by thread as by batch: %s',
  async (mode) => {
    const { owner, id: threadId } = await app.seed.thread({ messages: 2 })
    await owner.must('DeleteThread', { threadId, mode })

    const byThread = await watchDeletion(owner, { threadId })
    const byBatch = await watchDeletion(owner, { batchId: byThread[0].batchId })

    expect(statusesOf(byThread)).toEqual(['COMPLETED'])
    expect(byBatch).toEqual(byThread)
  },
)

test('to everybody else a deletion is missing, alike for one that never was, and the stream ends with that', async () => {
  const { organization, owner, batchId } = await seedDeletion()
  const { id: threadId } = await app.seed.thread({ organization })
  await owner.must('DeleteThread', { threadId })
  const others = [await app.seed.member(organization, 'ADMIN'), await app.seed.user()]

  for (const client of others) {
    for (const asked of [{ batchId }, { threadId }, { batchId: 'del_never' }, { threadId: 'thrd_never' }]) {
      const watcher = client.subscribe(PROGRESS, asked)
      expect(await watcher.end()).toEqual({ kind: 'completed' })
      const replies = await watcher.rest()
      expect(replies).toHaveLength(1)
      expect(replies[0]).toFailWith({ ...NOT_FOUND, details: asked })
      await watcher.stop()
    }
  }
  await purge(owner, batchId)
})
