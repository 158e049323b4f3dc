import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'
import { WriteLog } from '../../support/write.log.js'

/** Fails as code does that has a mistake. */
class BrokenEmbedder extends FakeEmbedder {
  isBroken = false

  override embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    if (this.isBroken) return Promise.reject(new TypeError('secret of /srv/heddle/embedder.js'))
    return super.embed(texts, signal)
  }
}

let app: TestApp<BrokenEmbedder>
let log: WriteLog

beforeAll(async () => {
  app = await startTestApp<BrokenEmbedder>({ embedder: new BrokenEmbedder() })
  log = await WriteLog.open(app.pool)
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const AN_HOUR = { 'retry-after': '3600' }
const PROGRESS = `subscription ($backfillId: ID!) {
  backfillProgress(backfillId: $backfillId) { status processed lastError nextAttemptAt }
}`
const WAITING = 'query ($id: ID!) { backfill(id: $id) { status processed lastError nextAttemptAt } }'

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** State of a backfill that waits for the embedder. */
async function waiting(owner: TestClient, id: string): Promise<Json> {
  return eventually(async () => {
    const { backfill } = await owner.must(WAITING, { id })
    expect(backfill.nextAttemptAt).not.toBeNull()
    return backfill
  })
}

/** A worker that starts anew has not been asked to leave the embedder alone. @returns the same user, at its address */
async function afterRestart({ userId }: TestClient): Promise<TestClient> {
  await app.restart()
  return app.as(`${userId}`)
}

async function expectWrittenOnce({ messageIds }: { messageIds: string[] }): Promise<void> {
  const written = (await log.vectors()).filter((id) => messageIds.includes(id))
  expect(tally(written)).toEqual(tally(messageIds))
}

test.each([503, 429, 500, 401])(
  'while the embedder answers %i the backfill runs on, and says why it waits and until when',
  async (status) => {
    app.embedder.pause()
    app.embedder.failNext(status, AN_HOUR, 2)
    const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({
      messages: texts(`answer ${status}`, 20),
    })
    const watcher = owner.subscribe(PROGRESS, { backfillId })
    await eventually(() => expect(app.embedder.inFlight).toBe(2))
    const askedAt = Date.now()
    app.embedder.resume()

    const backfill = await waiting(owner, backfillId)

    const lastError =
      status === 401
        ? 'The embedding endpoint refused the key (401).'
        : `The embedding endpoint answered with ${status}.`
    expect(backfill).toMatchObject({ status: 'RUNNING', processed: 0, lastError })
    const waitMs = Date.parse(backfill.nextAttemptAt) - askedAt
    expect(waitMs).toBeGreaterThan(3_599_000)
    expect(waitMs).toBeLessThan(3_660_000)
    let event = (await watcher.next())?.data.backfillProgress
    while (event.lastError === null) event = (await watcher.next())?.data.backfillProgress
    const { nextAttemptAt } = backfill
    expect(event).toMatchObject({ status: 'RUNNING', processed: 0, lastError, nextAttemptAt })
    await watcher.stop()
    const again = await afterRestart(owner)
    const { retryBackfill } = await again.must('RetryBackfill', { backfillId })
    expect(retryBackfill.backfill).toMatchObject({ id: backfillId, status: 'RUNNING' })
    expect(await app.seed.embedded(again, backfillId)).toMatchObject({
      status: 'COMPLETED',
      embedded: 20,
      lastError: null,
    })
    expect(await again.must(WAITING, { id: backfillId })).toMatchObject({ backfill: { nextAttemptAt: null } })
    expect((await again.must('Space', { id: space.id })).space.vectorCount).toBe(20)
    await expectWrittenOnce(thread)
  },
)

test('the time that the embedder asks for is waited out, and then it goes on by itself', async () => {
  app.embedder.failNext(503, { 'retry-after': '1' })
  const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: texts('asked for', 20) })
  const { nextAttemptAt } = await waiting(owner, backfillId)

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })

  const { backfill } = await owner.must('Backfill', { id: backfillId })
  expect(Date.parse(backfill.finishedAt)).toBeGreaterThanOrEqual(Date.parse(nextAttemptAt))
  await expectWrittenOnce(thread)
})

test('an outage in the middle keeps what is done, and nothing is done twice', async () => {
  app.embedder.pause()
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({
    messages: texts('middle', 80),
  })
  await eventually(() => expect(app.embedder.inFlight).toBe(2))
  const watcher = owner.subscribe(PROGRESS, { backfillId })
  app.embedder.failNext(503, { 'retry-after': '1' })
  app.embedder.resume()

  const events = (await watcher.rest()).map(({ data }) => data.backfillProgress)
  expect(events.find(({ nextAttemptAt }) => nextAttemptAt !== null)).toMatchObject({ processed: 16 })
  expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', processed: 80, nextAttemptAt: null })
  const counts = events.map((event) => event.processed)
  expect(counts).toEqual(counts.toSorted((left, right) => left - right))
  expect((await owner.must('Space', { id: space.id })).space.vectorCount).toBe(80)
  await expectWrittenOnce(thread)
})

test('an embedder that fails again and again is asked until it answers', async () => {
  app.embedder.failNext(503, {}, 8)

  const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: texts('again', 20) })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', lastError: null })
  await expectWrittenOnce(thread)
})

test('messages that come during an outage wait with the others, and are embedded with them', async () => {
  app.embedder.failNext(503, AN_HOUR)
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({
    messages: texts('during', 16),
  })
  const before = await waiting(owner, backfillId)
  const callsBefore = app.embedder.calls.length

  const later = await app.seed.messages(thread, texts('during later', 4))
  const other = await app.seed.spaceWithThread({ messages: 1 })
  await waiting(other.owner, other.backfillId)

  expect((await owner.must(WAITING, { id: backfillId })).backfill).toEqual(before)
  expect(app.embedder.calls).toHaveLength(callsBefore)
  const again = await afterRestart(owner)
  for (const each of [
    { id: backfillId, by: again },
    { id: other.backfillId, by: await app.as(`${other.owner.userId}`) },
  ]) {
    await each.by.must('RetryBackfill', { backfillId: each.id })
  }
  expect(await app.seed.embedded(again, backfillId)).toMatchObject({ total: 16, embedded: 16 })
  await waitForRest(app.pool)
  expect((await again.must('Space', { id: space.id })).space.vectorCount).toBe(20)
  await expectWrittenOnce({ messageIds: [...thread.messageIds, ...later] })
})

test('a thread that waits out an outage can be canceled, removed and added again', async () => {
  app.embedder.failNext(503, AN_HOUR)
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({
    messages: texts('patient', 16),
  })
  await waiting(owner, backfillId)

  await owner.must('CancelBackfill', { backfillId })
  expect(await owner.must(WAITING, { id: backfillId })).toMatchObject({
    backfill: { status: 'CANCELED', nextAttemptAt: null },
  })
  await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })
  const again = await afterRestart(owner)
  const added = await app.seed.link({ ...space, owner: again }, thread)

  expect(await app.seed.embedded(again, added)).toMatchObject({ status: 'COMPLETED', embedded: 16 })
  await expectWrittenOnce(thread)
})

test('a mistake in the embedder is logged and put off, and told without its words', async () => {
  app.embedder.isBroken = true
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 2 })

  const backfill = await waiting(owner, backfillId)
  app.embedder.isBroken = false

  expect(backfill).toMatchObject({ status: 'RUNNING', lastError: 'Embedding failed; trying again.' })
  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', lastError: null })
  expect(app.logs.complaints()).toContainEqual(
    expect.objectContaining({
      msg: 'embedding put off',
      err: expect.objectContaining({ message: expect.stringContaining('secret of') }),
    }),
  )
})
