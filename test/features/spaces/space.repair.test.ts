import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import { DAMAGES, damage, healthOf, repair } from './space.health.fixture.js'

let app: TestApp

beforeAll(async () => {
  // Large batches: what is repaired counts here, not how often the embedder is called.
  app = await startTestApp({ embedder: new FakeEmbedder({ batchSize: 200 }) })
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

async function embeddedSpace(messages: number) {
  const link = await app.seed.spaceWithThread({ messages })
  await app.seed.embedded(link.owner, link.backfillId)
  const stray = await app.seed.thread({ organization: link.organization, messages: 1 })
  return { ...link, ids: { spaceId: link.space.id, threadId: link.thread.id, strayId: stray.id } }
}

const ORPHANS = 10_500

test('more damage than one transaction takes is repaired in several', async () => {
  const { space } = await embeddedSpace(1_200)
  await app.pool.query(
    `insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
     select e.store_id, 'gone_' || n, 0, e.thread_id, e.generation, e.model, e.role, e.message_created_at, e.vector
     from (select * from embedding where store_id = $1 limit 1) e, generate_series(1, $2::int) n`,
    [space.id, ORPHANS],
  )
  await app.pool.query(`delete from embedding where store_id = $1 and message_id not like 'gone_%'`, [
    space.id,
  ])
  expect(await healthOf(space)).toMatchObject({
    orphanVectors: ORPHANS,
    messagesWithoutVectors: 1_200,
    expectedVectors: 1_200,
    staleCounters: 1,
  })

  const repaired = await repair(space)
  await waitForRest(app.pool)

  expect(repaired).toMatchObject({ removedVectors: ORPHANS, requeuedMessages: 1_200 })
  expect(await healthOf(space)).toMatchObject({ isHealthy: true, vectors: 1_200, expectedVectors: 1_200 })
})

test('repairs beside one another repair each thing once', async () => {
  const { space, ids } = await embeddedSpace(20)
  app.embedder.pause()
  await damage(app, DAMAGES['vectors are lost'] as string, ids)
  await damage(app, DAMAGES['vectors are of a thread that is not in the space'] as string, ids)
  const { messagesWithoutVectors, orphanVectors } = await healthOf(space)

  const repairs = await Promise.all(Array.from({ length: 4 }, () => repair(space)))
  app.embedder.resume()

  const sum = (name: string) => repairs.reduce((total, each) => total + each[name], 0)
  expect(sum('requeuedMessages')).toBe(messagesWithoutVectors)
  expect(sum('removedVectors')).toBe(orphanVectors)
})

test('a repair with an idempotency key is done once', async () => {
  const { space, ids } = await embeddedSpace(3)
  const once = { id: space.id, owner: space.owner.with({ 'idempotency-key': 'once' }) }
  const first = await repair(once)
  await damage(app, DAMAGES['vectors are of a thread that is not in the space'] as string, ids)

  expect(await repair(once)).toEqual(first)

  expect(await healthOf(space)).toMatchObject({ isHealthy: false })
  await repair(space)
})

test('a repair beside workers, appends, edits, removals and adds leaves what holds at rest', async () => {
  const { owner, organization, space, thread, ids } = await embeddedSpace(40)
  const others = await Promise.all(
    Array.from({ length: 4 }, () => app.seed.thread({ organization, messages: 30 })),
  )
  for (const statement of Object.values(DAMAGES)) await damage(app, statement, ids)

  const reAdd = async (threadId: string) => {
    await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId })
    await owner.must('AddThreadToSpace', { spaceId: space.id, threadId })
  }
  const change = async () => {
    for (const other of others) await app.seed.link(space, other)
    for (const other of others) await app.seed.messages(other, 5)
    for (const other of others) await reAdd(other.id)
  }
  const edit = async () => {
    const document = `mutation ($messageId: ID!, $content: String!) {
      editMessage(messageId: $messageId, content: $content) { message { id } } }`
    for (const messageId of thread.messageIds.slice(0, 10)) {
      await owner.must(document, { messageId, content: `${messageId} said otherwise` })
    }
  }
  const repairAgain = async () => {
    for (let count = 0; count < 6; count++) await repair(space)
  }
  await Promise.all([change(), edit(), repairAgain(), repairAgain()])

  await waitForRest(app.pool)
  await repair(space)
  await waitForRest(app.pool)
  expect(await healthOf(space)).toMatchObject({ isHealthy: true, vectors: 40 + 4 * 35, links: 5 })
})

test('a link that shows a deleted thread hides it again', async () => {
  const { space, thread } = await embeddedSpace(3)
  await thread.owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  await app.pool.query('update space_thread set hidden = false where space_id = $1', [space.id])
  expect(await healthOf(space)).toMatchObject({ isHealthy: false, staleLinks: 1 })

  expect(await repair(space)).toMatchObject({ correctedLinks: 1, correctedCounters: 0 })

  expect(await healthOf(space)).toMatchObject({ isHealthy: true, staleLinks: 0 })
  await thread.owner.must('RestoreThread', { threadId: thread.id })
})
