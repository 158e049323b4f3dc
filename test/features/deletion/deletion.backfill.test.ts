import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededLink } from '../../support/seed.js'
import { codeOf, countsOf, rowsOf } from './deletion.fixture.js'

const MESSAGES = 20
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})

/** A backfill that waits for the embedder's answers. */
async function seedRunning(): Promise<SeededLink> {
  app.embedder.pause()
  const link = await app.seed.spaceWithThread({ messages: MESSAGES })
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))
  return link
}

/** Lets the embedder answer, and returns when what it had been asked is dealt with. */
async function resumeAndWait({ organization, space, owner }: SeededLink): Promise<void> {
  app.embedder.resume()
  await eventually(() => expect(app.embedder.inFlight).toBe(0))
  const later = await app.seed.thread({ organization, messages: MESSAGES })
  const other = codeOf(await owner.run('Space', { id: space.id }))
    ? await app.seed.space(organization)
    : space
  await app.seed.embedded(owner, await app.seed.link(other, later))
  await owner.must('DeleteThread', { threadId: later.id })
}

type End = { name: string; act: (client: TestClient, link: SeededLink) => Promise<Json> }
const DELETIONS: End[] = [
  {
    name: 'a permanent deletion',
    act: (client, { thread }) => client.must('DeleteThread', { threadId: thread.id }),
  },
  {
    name: 'a soft deletion',
    act: (client, { thread }) => client.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' }),
  },
  { name: 'a deletion of all threads', act: (client) => client.must('DeleteAllThreads') },
]

test.each(DELETIONS)('a subscriber to a backfill learns at once that $name ended it', async ({ act }) => {
  const link = await seedRunning()
  const { owner, backfillId } = link
  const watch = owner.subscribe('BackfillProgress', { backfillId })
  await watch.next()

  await act(owner, link)

  expect(await watch.end()).toEqual({ kind: 'completed' })
  const replies = await watch.rest()
  expect(replies.at(-1)?.data.backfillProgress).toMatchObject({
    backfillId,
    status: 'CANCELED',
    processed: 0,
  })
  await watch.stop()
  await resumeAndWait(link)
})

test.each(DELETIONS)('who comes after $name learns how the backfill ended', async ({ act }) => {
  const link = await seedRunning()
  await act(link.owner, link)
  await resumeAndWait(link)

  const watch = link.owner.subscribe('BackfillProgress', { backfillId: link.backfillId })

  expect(await watch.end()).toEqual({ kind: 'completed' })
  const replies = await watch.rest()
  expect(replies.map(({ data }) => data.backfillProgress.status)).toEqual(['CANCELED'])
  await watch.stop()
})

test.each(DELETIONS)('a subscriber to a space learns that $name ended its backfill', async ({ act }) => {
  const link = await seedRunning()
  const { owner, space, backfillId } = link
  const watch = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  await watch.next()

  await act(owner, link)

  let last: Json = null
  while (last?.status !== 'CANCELED') last = (await watch.next())?.data.spaceBackfillProgress
  expect(last).toMatchObject({ backfillId, status: 'CANCELED' })
  await watch.stop()
  await resumeAndWait(link)
})

test.each(DELETIONS)('what the embedder answers after $name is not written', async ({ act }) => {
  const link = await seedRunning()
  const { owner, space, thread, backfillId } = link
  await act(owner, link)
  const { backfill: before } = await owner.must('Backfill', { id: backfillId })
  expect(before).toMatchObject({ status: 'CANCELED', total: MESSAGES, processed: 0, embedded: 0 })

  await resumeAndWait(link)

  expect(await rowsOf(app.pool, thread.id)).toMatchObject({ vectors: 0, failures: 0, backfills: 0 })
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
  expect((await owner.must('Backfill', { id: backfillId })).backfill).toEqual(before)
})

test('what the embedder answers after the deletion of its space is not written', async () => {
  const link = await seedRunning()
  const { owner, space, thread } = link
  await owner.must('DeleteSpace', { spaceId: space.id })

  await resumeAndWait(link)

  expect(await rowsOf(app.pool, thread.id)).toMatchObject({ messages: MESSAGES, links: 0, vectors: 0 })
})

test('a thread that comes back is embedded whole, and only once', async () => {
  const link = await seedRunning()
  const { owner, space, thread, backfillId } = link
  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  await owner.must('RestoreThread', { threadId: thread.id })
  app.embedder.resume()

  const { space: shown } = await owner.must('Space', { id: space.id })
  const { backfill } = shown.threads.edges[0]
  expect(backfill.id).not.toBe(backfillId)
  const progress = await app.seed.embedded(owner, backfill.id)

  expect(progress).toMatchObject({ status: 'COMPLETED', total: MESSAGES, embedded: MESSAGES })
  expect((await owner.must('Backfill', { id: backfillId })).backfill.status).toBe('CANCELED')
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 1, vectorCount: MESSAGES })
})

test('a link that was behind when its thread was deleted goes on where it stood', async () => {
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 5 })
  await app.seed.embedded(owner, backfillId)
  app.embedder.pause()
  await app.seed.messages(thread, MESSAGES)
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))
  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  app.embedder.resume()
  await eventually(() => expect(app.embedder.inFlight).toBe(0))

  await owner.must('RestoreThread', { threadId: thread.id })

  const { space: shown } = await owner.must('Space', { id: space.id })
  const progress = await app.seed.embedded(owner, shown.threads.edges[0].backfill.id)
  expect(progress).toMatchObject({ status: 'COMPLETED', total: MESSAGES, embedded: MESSAGES })
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 1, vectorCount: MESSAGES + 5 })
})

test('a canceled backfill stays canceled when its thread comes back, until it is retried', async () => {
  const { owner, space, thread, backfillId } = await seedRunning()
  await owner.must('CancelBackfill', { backfillId })
  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  app.embedder.resume()
  await owner.must('RestoreThread', { threadId: thread.id })
  await eventually(() => expect(app.embedder.inFlight).toBe(0))
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 1, vectorCount: 0 })

  const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })

  await app.seed.embedded(owner, retryBackfill.backfill.id)
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: 1, vectorCount: MESSAGES })
})

test.each([false, true])(
  'the backfill of a soft-deleted thread cannot be retried, whether it was canceled before: %s',
  async (isCanceled) => {
    const link = await seedRunning()
    const { owner, thread, backfillId } = link
    if (isCanceled) await owner.must('CancelBackfill', { backfillId })
    await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })

    expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
      code: 'CONFLICT',
      status: 409,
      systemMessage: 'Thread not in space',
    })
    expect(await rowsOf(app.pool, thread.id)).toMatchObject({ backfills: 0 })
    await resumeAndWait(link)
  },
)
