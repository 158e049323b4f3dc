import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { CANCEL_REEMBEDDING, REEMBED_SPACE, SPACE_HEALTH, SPACE_MEMORY } from '../../support/documents.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { countsOf, usageOf } from './deletion.fixture.js'

/** Each of two threads has as many, so that their sum is more than 32 bits hold. */
const MANY = 2_000_000_000
const BOTH = 2 * MANY
const OTHER_MODEL = { model: 'other-words@1', dimensions: 32 }

let app: TestApp

beforeAll(async () => {
  const other = new FakeEmbedder(OTHER_MODEL)
  app = await startTestApp({ otherEmbedders: [other] })
  for (const embedder of [app.embedder, other]) embedder.failNext(503, { 'retry-after': '3600' }, 1_000)
})
afterAll(() => app[Symbol.asyncDispose]())

/** Two threads in a space whose counters say that they are very long. */
async function seedLongThreads() {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  for (let count = 0; count < 2; count++) {
    await app.seed.link(space, await app.seed.thread({ organization, messages: 1 }))
  }
  const { id: organizationId, owner } = organization
  await app.pool.query(`update thread set message_count = ${MANY} where organization_id = $1`, [
    organizationId,
  ])
  await app.pool.query(`update usage set messages = ${BOTH} where organization_id = $1`, [organizationId])
  await app.pool.query(`update store_thread set vector_count = ${MANY} where store_id = $1`, [space.id])
  await app.pool.query(`update embedding_store set vector_count = ${BOTH} where id = $1`, [space.id])
  return { organizationId, owner, space }
}

test('a deletion of all threads, and its undo, count more messages and vectors than 32 bits hold', async () => {
  const { organizationId, owner, space } = await seedLongThreads()
  const full = { threads: 2, projects: 0, messages: BOTH }
  expect(await usageOf(owner, organizationId)).toEqual(full)
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 2, vectorCount: BOTH })

  const { deleteAllThreads } = await owner.must('DeleteAllThreads')

  expect(deleteAllThreads.deleted).toBe(2)
  expect(await usageOf(owner, organizationId)).toEqual({ threads: 0, projects: 0, messages: 0 })
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 0, vectorCount: 0 })

  await owner.must('RestoreThreads', { batchId: deleteAllThreads.batchId })

  expect(await usageOf(owner, organizationId)).toEqual(full)
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 2, vectorCount: BOTH })
})

test('a re-embedding of more messages than 32 bits count is counted correctly while it runs and once it has ended', async () => {
  const { owner, space } = await seedLongThreads()
  const { reembedSpace } = await owner.must(REEMBED_SPACE, { spaceId: space.id, model: OTHER_MODEL.model })
  await app.pool.query(
    `update backfill set total = ${MANY} where store_id = (select store_id from reembedding where id = $1)`,
    [reembedSpace.reembedding.id],
  )

  const { space: running } = await owner.must(SPACE_MEMORY, { id: space.id })
  expect(running.reembedding).toMatchObject({ status: 'RUNNING', total: BOTH })

  const reembeddingId = reembedSpace.reembedding.id
  const { cancelReembedding } = await owner.must(CANCEL_REEMBEDDING, { reembeddingId })
  expect(cancelReembedding.reembedding).toMatchObject({ status: 'CANCELED', total: BOTH })
  const { spaceHealth } = await owner.must(SPACE_HEALTH, { spaceId: space.id })
  expect(spaceHealth).toMatchObject({ isHealthy: false, vectors: 0, links: 2 })
})
