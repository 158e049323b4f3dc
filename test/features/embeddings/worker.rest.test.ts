import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededLink } from '../../support/seed.js'

/** What an embedder asks for with Retry-After holds for every thread of every space. */

let app: TestApp

const LINKS_AT_ONCE = 4

beforeAll(async () => {
  const backfill = { pollMs: 50, retryMs: 20, parallel: LINKS_AT_ONCE }
  app = await startTestApp({ timings: { backfill, outbox: { pollMs: 50 } } })
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const WAITING = 'query ($id: ID!) { backfill(id: $id) { status processed lastError nextAttemptAt } }'

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** Threads of one message each, in spaces of their own. */
const seedLinks = (messages: readonly string[]) =>
  Promise.all(messages.map((message) => app.seed.spaceWithThread({ messages: [message] })))

async function expectWaiting({ owner, backfillId }: SeededLink): Promise<void> {
  await eventually(async () => {
    expect((await owner.must(WAITING, { id: backfillId })).backfill).toMatchObject({
      status: 'RUNNING',
      processed: 0,
      nextAttemptAt: expect.any(String),
      lastError: 'The embedding endpoint answered with 429.',
    })
  })
}

async function count(condition: string): Promise<number> {
  const { rows } = await app.pool.query(`select count(*)::int as count from store_thread where ${condition}`)
  return rows[0].count
}

test('while an embedder asks to be left alone no thread of any space calls it, and none has failed for that', async () => {
  app.embedder.failNext(429, { 'retry-after': '3600' })
  const [told] = (await seedLinks(['told to wait'])) as [SeededLink]
  await expectWaiting(told)

  const others = await seedLinks(texts('waiting', 5))
  await told.owner.must('RetryBackfill', { backfillId: told.backfillId })
  for (const link of [told, ...others]) await expectWaiting(link)
  await eventually(async () =>
    expect(await count('next_attempt_at <= now() or lease_id is not null')).toBe(0),
  )

  expect(app.embedder.calls).toEqual([['told to wait']])
  expect(await count('attempts > 0')).toBe(0)
  // A worker that starts anew has not been asked.
  await app.restart()
  for (const { owner, backfillId } of [told, ...others]) {
    await (await app.as(`${owner.userId}`)).must('RetryBackfill', { backfillId })
  }
})

test('after the time that an embedder asked for one call goes alone, and the others follow once it is answered', async () => {
  app.embedder.calls.length = app.embedder.calledAt.length = 0
  app.embedder.pause()
  app.embedder.failNext(429, { 'retry-after': '1' }, 2)
  const [first] = (await seedLinks(['first'])) as [SeededLink]
  await eventually(() => expect(app.embedder.inFlight).toBe(1))
  app.embedder.resume()
  // Whatever comes next is not answered.
  app.embedder.pause()
  const others = await seedLinks(texts('follows', 2 * LINKS_AT_ONCE))
  await eventually(() => expect(app.embedder.calls).toHaveLength(2))
  await eventually(async () => expect(await count('lease_id is not null')).toBe(LINKS_AT_ONCE))

  expect(app.embedder.inFlight).toBe(1)
  const answeredAt = performance.now()
  app.embedder.resume()

  for (const { owner, backfillId } of [first, ...others]) {
    expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 1 })
  }
  expect((app.embedder.calledAt[2] ?? 0) - answeredAt).toBeGreaterThanOrEqual(1_000)
  expect(app.embedder.calls).toHaveLength(2 + 1 + others.length)
})
