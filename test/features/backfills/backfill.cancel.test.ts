import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.refuse(() => false)
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** A backfill of which some batches are done and the next ones wait for their answer. */
async function halfway(name: string, count: number) {
  const link = await app.seed.spaceWithThread({ messages: texts(name, app.embedder.batchSize) })
  await app.seed.embedded(link.owner, link.backfillId)
  app.embedder.pause()
  const { owner, organization } = link
  const thread = await app.seed.thread({ organization, messages: texts(`${name} more`, count) })
  const backfillId = await app.seed.link(link.space, thread)
  await eventually(() => expect(app.embedder.inFlight).toBe(app.embedder.concurrency))
  return { ...link, owner, thread, backfillId }
}

async function vectorCount(owner: TestClient, id: string): Promise<number> {
  return (await owner.must('Space', { id })).space.vectorCount
}

test('a canceled backfill ends for its watchers, and a batch in flight is not written any more', async () => {
  const { owner, space, backfillId } = await halfway('in flight', 20)
  const watcher = owner.subscribe('BackfillProgress', { backfillId })
  await watcher.next()

  const { cancelBackfill } = await owner.must('CancelBackfill', { backfillId })
  app.embedder.resume()

  expect(cancelBackfill).toEqual({ backfill: { id: backfillId, status: 'CANCELED' } })
  const last = (await watcher.rest()).at(-1)?.data.backfillProgress
  expect(last).toMatchObject({ status: 'CANCELED', processed: 0, total: 20, etaSeconds: 0 })
  const { backfill } = await owner.must('Backfill', { id: backfillId })
  expect(backfill).toMatchObject({ status: 'CANCELED', finishedAt: expect.any(String) })
  // Another backfill of the space is worked on after the calls in flight were answered.
  const later = await app.seed.thread({ organization: { id: space.organizationId, owner }, messages: 1 })
  await app.seed.embedded(owner, await app.seed.link(space, later))
  expect(await vectorCount(owner, space.id)).toBe(app.embedder.batchSize + 1)
})

test('a canceled backfill holds the thread back: what is appended waits for the retry, which embeds each message once', async () => {
  const { owner, space, thread, backfillId } = await halfway('held back', 20)
  await owner.must('CancelBackfill', { backfillId })
  app.embedder.resume()
  await eventually(() => expect(app.embedder.inFlight).toBe(0))
  const callsBefore = app.embedder.calls.length

  const later = texts('held back later', 5)
  await app.seed.messages(thread, later)
  await waitForRest(app.pool)
  expect(app.embedder.calls).toHaveLength(callsBefore)
  const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })

  expect(retryBackfill.backfill).toMatchObject({ status: 'QUEUED', total: 25, processed: 0 })
  expect(await app.seed.embedded(owner, retryBackfill.backfill.id)).toMatchObject({
    status: 'COMPLETED',
    embedded: 25,
  })
  expect(await vectorCount(owner, space.id)).toBe(app.embedder.batchSize + 25)
  expect(tally(app.embedder.calls.slice(callsBefore).flat())).toEqual(
    tally([...texts('held back more', 20), ...later]),
  )
})

test('what was embedded before the cancellation stays, and the retry takes only the rest', async () => {
  const messages = texts('rest', 40)
  app.embedder.pause()
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages })
  const watcher = owner.subscribe('BackfillProgress', { backfillId })
  await eventually(() => expect(app.embedder.inFlight).toBe(app.embedder.concurrency))
  // The calls in flight are answered; those that follow them are held.
  app.embedder.resume()
  app.embedder.pause()
  await eventually(async () =>
    expect((await owner.must('Backfill', { id: backfillId })).backfill.processed).toBe(
      app.embedder.batchSize * app.embedder.concurrency,
    ),
  )

  await owner.must('CancelBackfill', { backfillId })
  app.embedder.resume()

  const done = (await watcher.rest()).at(-1)?.data.backfillProgress
  expect(done).toMatchObject({ status: 'CANCELED', total: 40, processed: 16, embedded: 16, percent: 40 })
  expect(await vectorCount(owner, space.id)).toBe(16)
  const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })
  expect(retryBackfill.backfill).toMatchObject({ total: 24 })
  await app.seed.embedded(owner, retryBackfill.backfill.id)
  expect(await vectorCount(owner, space.id)).toBe(40)
})

test('adding the thread again resumes a canceled backfill, under a new one', async () => {
  const { owner, space, thread, backfillId } = await halfway('added again', 10)
  await owner.must('CancelBackfill', { backfillId })
  app.embedder.resume()

  const variables = { spaceId: space.id, threadId: thread.id }
  const { addThreadToSpace } = await owner.must('AddThreadToSpace', variables)

  expect(addThreadToSpace.backfill).toMatchObject({ status: 'QUEUED', total: 10 })
  expect(addThreadToSpace.backfill.id).not.toBe(backfillId)
  expect(await app.seed.embedded(owner, addThreadToSpace.backfill.id)).toMatchObject({ status: 'COMPLETED' })
})

test('canceling twice, also at once, is once', async () => {
  const { owner, space, backfillId } = await halfway('twice', 10)

  const replies = await Promise.all(
    Array.from({ length: 5 }, () => owner.must('CancelBackfill', { backfillId })),
  )
  replies.push(await owner.must('CancelBackfill', { backfillId }))

  for (const { cancelBackfill } of replies) {
    expect(cancelBackfill).toEqual({ backfill: { id: backfillId, status: 'CANCELED' } })
  }
  const { rows } = await app.pool.query('select sequence from backfill where id = $1', [backfillId])
  const { backfill } = await owner.must('Backfill', { id: backfillId })
  await owner.must('CancelBackfill', { backfillId })
  expect((await owner.must('Backfill', { id: backfillId })).backfill).toEqual(backfill)
  expect((await app.pool.query('select sequence from backfill where id = $1', [backfillId])).rows).toEqual(
    rows,
  )
  expect(await vectorCount(owner, space.id)).toBe(app.embedder.batchSize)
})

test('a backfill that has ended cannot be canceled', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 1 })
  await app.seed.embedded(owner, backfillId)

  expect(await owner.run('CancelBackfill', { backfillId })).toFailWith({
    code: 'CONFLICT',
    status: 409,
    systemMessage: 'Backfill ended',
    details: { backfillId },
  })
})

test('a paused thread has no backfill at work: a retry that runs beside the canceled one ends with it', async () => {
  const { embedder } = app
  const refused = texts('bad', 2)
  // From the third batch on, what follows is held.
  embedder.refuse((text) => {
    if (text.startsWith('beside later')) embedder.pause()
    return refused.includes(text)
  })
  const messages = [...refused, ...texts('beside', 14), ...texts('beside later', 40)]
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages })
  const status = async (id: string) => (await owner.must('Backfill', { id })).backfill
  await eventually(async () => expect((await status(backfillId)).processed).toBeGreaterThan(16))
  await owner.must('CancelBackfill', { backfillId })
  const { backfill: rest } = (await owner.must('RetryBackfill', { backfillId })).retryBackfill
  const { backfill: retried } = (await owner.must('RetryBackfill', { backfillId })).retryBackfill
  expect(retried).toMatchObject({ status: 'QUEUED', total: 2 })

  await owner.must('CancelBackfill', { backfillId: rest.id })

  expect(await app.seed.embedded(owner, retried.id)).toMatchObject({ status: 'CANCELED', processed: 0 })
  // Canceling the first one again is still once, and holds nothing that was taken up since.
  const { retryBackfill } = await owner.must('RetryBackfill', { backfillId: rest.id })
  await owner.must('CancelBackfill', { backfillId })
  embedder.refuse(() => false)
  embedder.resume()
  expect(await app.seed.embedded(owner, retryBackfill.backfill.id)).toMatchObject({ status: 'COMPLETED' })
})
