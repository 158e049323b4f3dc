import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
  app.embedder.refuse(() => false)
})
afterAll(() => app[Symbol.asyncDispose]())

const NOTHING_LEFT = { code: 'CONFLICT', status: 409, systemMessage: 'Nothing to retry' }

/** A thread of ten messages, of which the embedder has refused four. */
async function partlyRefused(name: string) {
  app.embedder.refuse((text) => text.startsWith(`${name} bad`))
  const refused = Array.from({ length: 4 }, (_, index) => `${name} bad ${index}`)
  const messages = [...refused, ...Array.from({ length: 6 }, (_, index) => `${name} good ${index}`)]
  const link = await app.seed.spaceWithThread({ messages })
  await app.seed.embedded(link.owner, link.backfillId)
  return { ...link, refused }
}

async function retry(owner: TestClient, backfillId: string) {
  return (await owner.must('RetryBackfill', { backfillId })).retryBackfill.backfill
}

async function vectorCount(owner: TestClient, id: string): Promise<number> {
  return (await owner.must('Space', { id })).space.vectorCount
}

test('a retry takes the refused messages and no others, as a backfill of its own', async () => {
  const { owner, space, backfillId, refused } = await partlyRefused('once')
  app.embedder.refuse(() => false)
  const callsBefore = app.embedder.calls.length

  const retried = await retry(owner, backfillId)

  expect(retried).toMatchObject({ status: 'QUEUED', total: 4, processed: 0, failed: 0 })
  expect(retried.id).not.toBe(backfillId)
  expect(await app.seed.embedded(owner, retried.id)).toMatchObject({
    status: 'COMPLETED',
    total: 4,
    embedded: 4,
    failed: 0,
    lastError: null,
  })
  expect(tally(app.embedder.calls.slice(callsBefore).flat())).toEqual(tally(refused))
  expect(await vectorCount(owner, space.id)).toBe(10)
  const first = (await owner.must('Backfill', { id: backfillId })).backfill
  expect(first).toMatchObject({ status: 'COMPLETED', embedded: 6, failed: 4 })
  const { space: seen } = await owner.must('Space', { id: space.id })
  expect(seen.threads.edges[0].backfill).toEqual({ id: retried.id, status: 'COMPLETED', percent: 100 })
  const { rows } = await app.pool.query('select from embedding_failure where store_id = $1', [space.id])
  expect(rows).toEqual([])
})

test('a retry with nothing left is a CONFLICT', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
  await app.seed.embedded(owner, backfillId)

  expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
    ...NOTHING_LEFT,
    details: { backfillId },
  })
})

test('what is refused again has failed again, and can be retried again', async () => {
  const { owner, space, backfillId } = await partlyRefused('stubborn')

  const second = await retry(owner, backfillId)
  expect(await app.seed.embedded(owner, second.id)).toMatchObject({
    status: 'FAILED',
    total: 4,
    embedded: 0,
    failed: 4,
    lastError: 'The embedding endpoint refused the input (400).',
  })
  const { rows } = await app.pool.query(
    'select attempts from embedding_failure where store_id = $1 group by attempts',
    [space.id],
  )
  expect(rows).toEqual([{ attempts: 2 }])
  app.embedder.refuse((text) => text === 'stubborn bad 1')
  const third = await retry(owner, second.id)
  expect(await app.seed.embedded(owner, third.id)).toMatchObject({
    status: 'COMPLETED',
    embedded: 3,
    failed: 1,
  })
  const fourth = await retry(owner, backfillId)
  expect(fourth.total).toBe(1)
  app.embedder.refuse(() => false)
  await app.seed.embedded(owner, fourth.id)
})

test('of many retries at once one takes the refused messages', async () => {
  const { owner, space, backfillId } = await partlyRefused('rivals')
  app.embedder.refuse(() => false)
  app.embedder.pause()

  const replies = await Promise.all(
    Array.from({ length: 6 }, () => owner.run('RetryBackfill', { backfillId })),
  )

  const [taken, ...others] = replies.filter(({ errors }) => !errors)
  expect(others).toEqual([])
  for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith(NOTHING_LEFT)
  app.embedder.resume()
  const { id } = taken?.data.retryBackfill.backfill ?? expect.unreachable()
  expect(await app.seed.embedded(owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 4 })
  expect(await vectorCount(owner, space.id)).toBe(10)
})

test('a retry while messages are appended embeds both, and counts its own', async () => {
  const { owner, space, thread, backfillId } = await partlyRefused('meanwhile')
  app.embedder.refuse(() => false)

  const [retried] = await Promise.all([
    retry(owner, backfillId),
    ...Array.from({ length: 5 }, (_, index) => app.seed.messages(thread, [`meanwhile new ${index}`])),
  ])

  expect(await app.seed.embedded(owner, retried.id)).toMatchObject({ total: 4, processed: 4, embedded: 4 })
  await eventually(async () => expect(await vectorCount(owner, space.id)).toBe(15))
})

test('a backfill that is at work cannot be retried', async () => {
  app.embedder.pause()
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 2 })

  expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Backfill running',
  })
})

test('a canceled retry leaves what it had not taken refused, whatever else is to do', async () => {
  app.embedder.refuse((text) => text.startsWith('halt bad'))
  const messages = Array.from({ length: 20 }, (_, index) => `halt bad ${index}`)
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages })
  await app.seed.embedded(owner, backfillId)
  app.embedder.refuse(() => false)
  app.embedder.pause()
  const retried = await retry(owner, backfillId)
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))

  await app.seed.messages(thread, ['halt later'])
  await owner.must('CancelBackfill', { backfillId: retried.id })
  app.embedder.resume()

  expect(await app.seed.embedded(owner, retried.id)).toMatchObject({ status: 'CANCELED', processed: 0 })
  await expectSoundRest(app.pool)
  const left = 20 - app.embedder.batchSize
  expect(await vectorCount(owner, space.id)).toBe(20 - left + 1)
  const again = await retry(owner, backfillId)
  expect(again.total).toBe(left)
  expect(await app.seed.embedded(owner, again.id)).toMatchObject({ status: 'COMPLETED', embedded: left })
})
