import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, Reply } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  app.embedder.delay(0)
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

function progressOf(replies: readonly (Reply | null)[]): Json[] {
  return replies.map((reply) => {
    expect(reply?.errors).toBeUndefined()
    return reply?.data.backfillProgress ?? reply?.data.spaceBackfillProgress
  })
}

/** The sequence always rises, and what is processed never falls and never passes the total. */
function expectRising(events: readonly Json[]): void {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1]
    expect(event.sequence).toBeGreaterThan(before?.sequence ?? 0)
    expect(event.processed).toBeGreaterThanOrEqual(before?.processed ?? 0)
    expect(event.processed).toBeLessThanOrEqual(event.total)
    expect(event.percent).toBe(Math.floor((event.processed * 1_000) / event.total) / 10)
  }
}

test('who subscribes before, in the middle and long after gets the state and the end, and the stream completes', async () => {
  app.embedder.pause()
  const { owner, organization, space } = await app.seed.spaceWithThread({ messages: 1 })
  const before = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  await before.next()
  const thread = await app.seed.thread({ organization, messages: 40 })
  const backfillId = await app.seed.link(space, thread)
  const early = owner.subscribe('BackfillProgress', { backfillId })
  const [first] = progressOf([await early.next()])
  expect(first).toMatchObject({ backfillId, spaceId: space.id, threadId: thread.id, total: 40, processed: 0 })

  app.embedder.delay(30)
  app.embedder.resume()
  await eventually(async () =>
    expect((await owner.must('Backfill', { id: backfillId })).backfill.processed).toBeGreaterThan(0),
  )
  const middle = owner.subscribe('BackfillProgress', { backfillId })
  const watched = [await early.rest(), await middle.rest()].map(progressOf)
  const late = progressOf(await owner.subscribe('BackfillProgress', { backfillId }).rest())

  for (const events of [[first, ...(watched[0] ?? [])], watched[1] ?? []]) {
    expectRising(events)
    expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', processed: 40, percent: 100, etaSeconds: 0 })
    expect(events.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1)
  }
  expect(watched[1]?.[0].processed).toBeGreaterThan(0)
  expect(late).toEqual([watched[0]?.at(-1)])
  const seen: Json[] = []
  while (seen.at(-1)?.status !== 'COMPLETED') {
    seen.push(...progressOf([await before.next()]).filter((event) => event.backfillId === backfillId))
  }
  expectRising(seen)
  for (const watcher of [early, middle]) expect(await watcher.end()).toEqual({ kind: 'completed' })
})

test('every watcher of many gets the same end', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 100 })
  await using socket = owner.open()

  const watchers = Array.from({ length: 50 }, () => socket.subscribe('BackfillProgress', { backfillId }))
  const ends = await Promise.all(watchers.map(async (watcher) => progressOf(await watcher.rest()).at(-1)))

  expect(ends[0]).toMatchObject({ status: 'COMPLETED', processed: 100 })
  for (const end of ends) expect(end).toEqual(ends[0])
})

test("a space's progress tells of each of its backfills and of no other, until the client leaves", async () => {
  app.embedder.pause()
  const { owner, organization, space, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
  const elsewhere = await app.seed.space(organization)
  const threads = [
    await app.seed.thread({ organization, messages: 20 }),
    await app.seed.thread({ organization, messages: 0 }),
  ]
  const watcher = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  const events = progressOf([await watcher.next()])

  const others = []
  for (const thread of threads) others.push(await app.seed.link(space, thread))
  await app.seed.link(elsewhere, threads[0] ?? expect.unreachable())
  app.embedder.resume()

  const expected = [backfillId, ...others]
  const isOver = (id: string) =>
    events.some((event) => event.backfillId === id && event.status === 'COMPLETED')
  while (!expected.every(isOver)) events.push(...progressOf([await watcher.next()]))
  for (const id of expected.slice(0, 2)) expectRising(events.filter((event) => event.backfillId === id))
  expect(new Set(events.map((event) => event.backfillId))).toEqual(new Set(expected))
  const later = await app.seed.thread({ organization, messages: 1 })
  const laterId = await app.seed.link(space, later)
  while (!isOver(laterId)) events.push(...progressOf([await watcher.next()]))
  await watcher.stop()
  expect((await owner.must('Space', { id: space.id })).space.threadCount).toBe(4)
})

test('a watcher that leaves in the middle leaves the others and the work alone', async () => {
  app.embedder.delay(20)
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 60 })
  await using socket = owner.open()
  const [leaving, staying] = [1, 2].map(() => socket.subscribe('BackfillProgress', { backfillId }))
  await leaving?.next()

  await leaving?.stop()

  const events = progressOf((await staying?.rest()) ?? [])
  expectRising(events)
  expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', processed: 60 })
})
