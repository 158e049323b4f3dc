import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'
import { expectSoundRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const THREAD_NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Thread not found' }

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name} ${index}`)
}

test('removing a thread takes its vectors out of the space; the thread and its messages stay', async () => {
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 3 })
  await app.seed.embedded(owner, backfillId)
  const ids = { spaceId: space.id, threadId: thread.id }

  const { removeThreadFromSpace } = await owner.must('RemoveThreadFromSpace', ids)

  expect(removeThreadFromSpace).toEqual({
    success: true,
    message: 'Thread removed from space',
    ...ids,
    removedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    removedVectorCount: 3,
    space: { id: space.id, threadCount: 0, vectorCount: 0 },
  })
  const { searchSpace } = await owner.must('SearchSpace', {
    spaceId: space.id,
    query: 'message 1 about topic 1',
  })
  expect(searchSpace.edges).toEqual([])
  const { thread: kept } = await owner.must('Thread', { id: thread.id })
  expect(kept).toMatchObject({ messageCount: 3, spaces: { edges: [] } })
  expect(kept.messages.edges).toHaveLength(3)
})

test('what is not in the space is not found, and so is what was removed before', async () => {
  const { owner, organization, space, thread } = await app.seed.spaceWithThread()
  const other = await app.seed.thread({ organization })
  const ids = { spaceId: space.id, threadId: thread.id }

  expect(await owner.run('RemoveThreadFromSpace', { ...ids, threadId: other.id })).toFailWith(
    THREAD_NOT_FOUND,
  )
  await owner.must('RemoveThreadFromSpace', ids)
  expect(await owner.run('RemoveThreadFromSpace', ids)).toFailWith({ ...THREAD_NOT_FOUND, details: ids })
})

test('of many removals at once one is acknowledged, and the counts fall once', async () => {
  const { owner, organization, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 5 })
  const other = await app.seed.thread({ organization, messages: 2 })
  const otherBackfillId = await app.seed.link(space, other)
  await Promise.all([backfillId, otherBackfillId].map((id) => app.seed.embedded(owner, id)))
  const ids = { spaceId: space.id, threadId: thread.id }

  const replies = await Promise.all(Array.from({ length: 6 }, () => owner.run('RemoveThreadFromSpace', ids)))

  const acknowledged = replies.filter(({ errors }) => !errors)
  expect(acknowledged.map(({ data }) => data.removeThreadFromSpace.removedVectorCount)).toEqual([5])
  for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith(THREAD_NOT_FOUND)
  expect((await owner.must('Space', { id: space.id })).space).toMatchObject({
    threadCount: 1,
    vectorCount: 2,
  })
})

test('a removal cancels the backfill, and its watcher is told so', async () => {
  app.embedder.pause()
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
  const watcher = owner.subscribe('BackfillProgress', { backfillId })
  await watcher.next()

  await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })

  expect((await watcher.rest()).at(-1)?.data.backfillProgress).toMatchObject({
    status: 'CANCELED',
    processed: 0,
    etaSeconds: 0,
  })
  expect(await watcher.end()).toEqual({ kind: 'completed' })
  expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
    code: 'CONFLICT',
    status: 409,
    systemMessage: 'Thread not in space',
  })
})

test('a batch in flight writes nothing once the removal is acknowledged', async () => {
  await using other = await startTestApp()
  const { embedder, pool, seed } = other
  embedder.pause()
  const { owner, space, thread } = await seed.spaceWithThread({ messages: 20 })
  await eventually(() => expect(embedder.inFlight).toBe(embedder.concurrency))

  const ids = { spaceId: space.id, threadId: thread.id }
  const { removeThreadFromSpace } = await owner.must('RemoveThreadFromSpace', ids)
  embedder.resume()
  await eventually(() => expect(embedder.inFlight).toBe(0))
  // The worker ends what it has begun before the app has stopped.
  await other.stop()

  expect(removeThreadFromSpace.removedVectorCount).toBe(0)
  expect((await pool.query('select from embedding')).rowCount).toBe(0)
  await expectInvariants(pool)
})

test('a thread that is removed and added again while its batches are in flight is embedded once, as the new link', async () => {
  const texts = numbered('added again', 20)
  app.embedder.pause()
  const { owner, space, thread } = await app.seed.spaceWithThread({ messages: texts })
  await eventually(() => expect(app.embedder.inFlight).toBe(app.embedder.concurrency))

  await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })
  const again = await app.seed.link(space, thread)
  app.embedder.resume()

  expect(await app.seed.embedded(owner, again)).toMatchObject({
    status: 'COMPLETED',
    total: 20,
    embedded: 20,
  })
  expect((await owner.must('Space', { id: space.id })).space).toMatchObject({
    threadCount: 1,
    vectorCount: 20,
  })
  const { searchSpace } = await owner.must('SearchSpace', {
    spaceId: space.id,
    query: 'added again',
    first: 100,
  })
  const found: string[] = searchSpace.edges.map(({ node }: { node: { id: string } }) => node.id)
  expect(tally(found)).toEqual(tally(thread.messageIds))
})

test('adding and removing at once, by several callers, leaves a link with all of its vectors or none at all', async () => {
  const { owner, organization, space, thread } = await app.seed.spaceWithThread({ messages: 30 })
  const admin = await app.seed.member(organization, 'ADMIN')
  const ids = { spaceId: space.id, threadId: thread.id }

  const replies = await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      (index % 3 ? owner : admin).run(index % 2 ? 'AddThreadToSpace' : 'RemoveThreadFromSpace', ids),
    ),
  )

  for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith(THREAD_NOT_FOUND)
  await expectSoundRest(app.pool)
  const { space: seen } = await owner.must('Space', { id: space.id })
  expect(seen.vectorCount).toBe(seen.threadCount * 30)
})
