import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'
import { WriteLog } from '../../support/write.log.js'

/** Answers calls out of order: one with a held text only when it is released. */
class HoldingEmbedder extends FakeEmbedder {
  release: () => void = () => undefined
  #held: string | null = null
  #released: Promise<void> = Promise.resolve()

  hold(text: string): void {
    this.#held = text
    this.#released = new Promise((resolve) => {
      this.release = resolve
    })
  }

  override async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const vectors = await super.embed(texts, signal)
    if (this.#held !== null && texts.includes(this.#held)) await this.#released
    return vectors
  }
}

let app: TestApp<HoldingEmbedder>
let log: WriteLog

beforeAll(async () => {
  app = await startTestApp<HoldingEmbedder>({
    embedder: new HoldingEmbedder({ batchSize: 5, concurrency: 4 }),
  })
  log = await WriteLog.open(app.pool)
})
afterEach(async () => {
  app.embedder.release()
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

test('one thread has several batches at the embedder at once, as many as it takes and no more', async () => {
  const { embedder } = app
  embedder.pause()
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({
    messages: texts('at once', 60),
  })
  await eventually(() => expect(embedder.inFlight).toBe(4))

  embedder.resume()

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 60 })
  expect(embedder.mostInFlight).toBe(4)
  expect(tally(embedder.calls.flat())).toEqual(tally(texts('at once', 60)))
  expect((await owner.must('Space', { id: space.id })).space.vectorCount).toBe(60)
  const written = await log.vectors()
  expect(tally(written.filter((id) => thread.messageIds.includes(id)))).toEqual(tally(thread.messageIds))
})

test('nothing is committed before what comes before it, and the point that is reached only rises', async () => {
  const messages = texts('ordered', 40)
  app.embedder.hold('ordered 0')
  const callsBefore = app.embedder.calls.length
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages })
  const watcher = owner.subscribe('BackfillProgress', { backfillId })
  // The first batch is held back; those after it have their answer.
  await eventually(() => expect(app.embedder.calls.length - callsBefore).toBe(8))
  await eventually(() => expect(app.embedder.inFlight).toBe(0))

  expect((await owner.must('Backfill', { id: backfillId })).backfill.processed).toBe(0)
  expect((await owner.must('Space', { id: space.id })).space.vectorCount).toBe(0)
  app.embedder.release()

  const events = (await watcher.rest()).map(({ data }) => data.backfillProgress)
  expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', processed: 40 })
  const throughs = await log.throughs(thread.id)
  expect(throughs.at(-1)).toBe(40)
  expect(throughs).toEqual(throughs.toSorted((left, right) => left - right))
  const written = (await log.vectors()).filter((id) => thread.messageIds.includes(id))
  const batchOf = (id: string) => Math.floor(thread.messageIds.indexOf(id) / 5)
  expect(written.map(batchOf)).toEqual(thread.messageIds.map(batchOf))
})

test('several threads are worked on at once, each in its own order', async () => {
  const { embedder } = app
  embedder.pause()
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const threads = await Promise.all(
    texts('parallel', 3).map((name) => app.seed.thread({ organization, messages: texts(name, 20) })),
  )

  const backfillIds = await Promise.all(threads.map((thread) => app.seed.link(space, thread)))

  await eventually(() => expect(embedder.inFlight).toBe(embedder.concurrency))
  embedder.resume()
  const ends = await Promise.all(backfillIds.map((id) => app.seed.embedded(organization.owner, id)))
  expect(ends.map(({ embedded }) => embedded)).toEqual([20, 20, 20])
  for (const { id } of threads) {
    const throughs = await log.throughs(id)
    expect(throughs.at(-1)).toBe(20)
    expect(throughs).toEqual(throughs.toSorted((left, right) => left - right))
  }
  expect((await organization.owner.must('Space', { id: space.id })).space.vectorCount).toBe(60)
})

test('a stop gives back what it could not finish, and the next start goes on from there, without repeating a commit', async () => {
  const other = await startTestApp({ embedder: new FakeEmbedder({ batchSize: 5, concurrency: 2 }) })
  try {
    const otherLog = await WriteLog.open(other.pool)
    other.embedder.delay(20)
    const { owner, space, thread, backfillId } = await other.seed.spaceWithThread({
      messages: texts('restart', 60),
    })
    await eventually(async () =>
      expect((await owner.must('Backfill', { id: backfillId })).backfill.processed).toBeGreaterThan(0),
    )

    await other.restart()

    const again = await other.as(owner.userId ?? '')
    expect(await other.seed.embedded(again, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 60 })
    expect(tally(await otherLog.vectors())).toEqual(tally(thread.messageIds))
    const throughs = await otherLog.throughs(thread.id)
    expect(throughs).toEqual(throughs.toSorted((left, right) => left - right))
    expect((await again.must('Space', { id: space.id })).space.vectorCount).toBe(60)
    await expectSoundRest(other.pool)
  } finally {
    await other[Symbol.asyncDispose]()
  }
})
