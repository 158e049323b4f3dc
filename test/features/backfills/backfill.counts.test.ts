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
  app.embedder.resume()
  await expectSoundRest(app.pool)
  app.embedder.refuse(() => false)
})
afterAll(() => app[Symbol.asyncDispose]())

const REFUSED = 'The embedding endpoint refused the input (400).'

async function vectorCount(owner: TestClient, id: string): Promise<number> {
  return (await owner.must('Space', { id })).space.vectorCount
}

function callsWith(name: string): string[] {
  return app.embedder.calls.flat().filter((text) => text.startsWith(name))
}

test('messages without text are skipped, and counted', async () => {
  const messages = ['one', '', ' \n\t ', 'two', '\u3000']
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'COMPLETED',
    total: 5,
    processed: 5,
    embedded: 2,
    skipped: 3,
    failed: 0,
    percent: 100,
    lastError: null,
  })
  expect(await vectorCount(owner, space.id)).toBe(2)
})

test('a thread in which nothing has text is completed, not failed', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: ['', ' '] })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', skipped: 2 })
})

test('refused messages are counted as failed with their error kept, and do not hold up the others', async () => {
  app.embedder.refuse((text) => text.includes('poison'))
  const messages = Array.from({ length: 30 }, (_, index) =>
    index % 10 === 4 ? `poison ${index}` : `tea ${index}`,
  )
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'COMPLETED',
    total: 30,
    processed: 30,
    embedded: 27,
    failed: 3,
    skipped: 0,
    percent: 100,
    lastError: REFUSED,
  })
  expect((await owner.must('Backfill', { id: backfillId })).backfill.lastError).toBe(REFUSED)
  expect(await vectorCount(owner, space.id)).toBe(27)
  const { rows } = await app.pool.query(
    'select message_id as id, sequence, error, attempts from embedding_failure where store_id = $1 order by sequence',
    [space.id],
  )
  expect(rows).toEqual(
    [4, 14, 24].map((index) => ({
      id: thread.messageIds[index],
      sequence: index + 1,
      error: REFUSED,
      attempts: 1,
    })),
  )
})

test('a refusal is still told after an outage in between', async () => {
  app.embedder.refuse((text) => text.startsWith('bitter'))
  app.embedder.pause()
  const messages = ['bitter 0', ...Array.from({ length: 31 }, (_, index) => `sweet ${index}`)]
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages })
  await eventually(() => expect(app.embedder.inFlight).toBe(2))
  app.embedder.failNext(503)
  app.embedder.resume()

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'COMPLETED',
    embedded: 31,
    failed: 1,
    lastError: REFUSED,
  })
})

test('a backfill of which every message is refused has failed', async () => {
  app.embedder.refuse((text) => text.includes('poison'))
  const messages = ['poison 1', '', 'poison 2']
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'FAILED',
    total: 3,
    processed: 3,
    embedded: 0,
    skipped: 1,
    failed: 2,
    percent: 100,
    lastError: REFUSED,
  })
  expect(await vectorCount(owner, space.id)).toBe(0)
})

test('a long message is cut into pieces: each has a vector, the message counts once, and a search finds it once', async () => {
  const long = Array.from({ length: 1_200 }, (_, index) => `word${index} fills`).join(' ')
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: ['short', long] })

  const end = await app.seed.embedded(owner, backfillId)

  expect(end).toMatchObject({ total: 2, embedded: 2, percent: 100 })
  const pieces = app.embedder.calls.flat().filter((text) => text.includes(' fills'))
  expect(pieces.length).toBeGreaterThan(5)
  expect(await vectorCount(owner, space.id)).toBe(1 + pieces.length)
  const { searchSpace } = await owner.must('SearchSpace', {
    spaceId: space.id,
    query: 'word0 fills word1199',
    first: 100,
  })
  expect(tally(searchSpace.edges.map(({ node }: { node: { id: string } }) => node.id))).toEqual(
    tally(thread.messageIds),
  )
  expect(searchSpace.edges[0].node.content).toBe(long)
})

test('a long message of which a piece is refused is refused whole', async () => {
  app.embedder.refuse((text) => text.includes('poison'))
  const long = [...Array.from({ length: 600 }, () => 'harmless'), 'poison'].join(' ')
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: ['short', long] })

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'COMPLETED',
    embedded: 1,
    failed: 1,
  })
  expect(await vectorCount(owner, space.id)).toBe(1)
})

test('messages that are appended during a backfill are embedded once, without being asked, and not counted in it', async () => {
  app.embedder.pause()
  const messages = Array.from({ length: 20 }, (_, index) => `early ${index}`)
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages })
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))
  const late = Array.from({ length: 30 }, (_, index) => `late ${index}`)

  await app.seed.messages(thread, late.slice(0, 10))
  app.embedder.resume()
  await Promise.all(late.slice(10).map((text) => app.seed.messages(thread, [text])))

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
    status: 'COMPLETED',
    total: 20,
    embedded: 20,
    processed: 20,
  })
  await waitForRest(app.pool)
  expect(await vectorCount(owner, space.id)).toBe(50)
  expect(tally(callsWith('early'))).toEqual(tally(messages))
  expect(tally(callsWith('late'))).toEqual(tally(late))
})

test('messages that are appended after a backfill are embedded without being asked, and change nothing of it', async () => {
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
  await app.seed.embedded(owner, backfillId)
  const before = (await owner.must('Backfill', { id: backfillId })).backfill

  await app.seed.messages(thread, ['afterwards 1', 'afterwards 2', ''])

  await eventually(async () => expect(await vectorCount(owner, space.id)).toBe(4))
  expect(tally(callsWith('afterwards'))).toEqual(tally(['afterwards 1', 'afterwards 2']))
  expect((await owner.must('Backfill', { id: backfillId })).backfill).toEqual(before)
})
