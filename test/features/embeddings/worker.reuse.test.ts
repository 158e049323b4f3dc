import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'
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

const COUNTS = 'query ($id: ID!) { backfill(id: $id) { status total embedded reused skipped failed } }'
const PROGRESS =
  'subscription ($id: ID!) { backfillProgress(backfillId: $id) { status processed embedded reused } }'

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** A thread that one space has embedded, and a second space without it. */
async function embeddedOnce(messages: readonly string[]) {
  const link = await app.seed.spaceWithThread({ messages })
  await app.seed.embedded(link.owner, link.backfillId)
  await waitForRest(app.pool)
  return { ...link, second: await app.seed.space(link.organization) }
}

async function vectorsOf({ id }: Seeded): Promise<unknown[]> {
  const { rows } = await app.pool.query(
    `select message_id, chunk, role, message_created_at, model, vector::text from embedding
     where store_id = $1 order by message_id, chunk`,
    [id],
  )
  return rows
}

test('what one space has embedded is copied into another, without a call, and counted as reused', async () => {
  const messages = [...texts('copied', 20), 'long '.repeat(700), '']
  const { owner, space, second, thread } = await embeddedOnce(messages)
  const callsBefore = app.embedder.calls.length

  const id = await app.seed.link(second, thread)
  const events = await owner.subscribe(PROGRESS, { id }).rest()

  expect(events.at(-1)?.data.backfillProgress).toEqual({
    status: 'COMPLETED',
    processed: 22,
    embedded: 21,
    reused: 21,
  })
  expect(app.embedder.calls).toHaveLength(callsBefore)
  expect(await owner.must(COUNTS, { id })).toMatchObject({ backfill: { skipped: 1, failed: 0, total: 22 } })
  expect(await vectorsOf(second)).toEqual(await vectorsOf(space))
})

test('of a thread that another space has in part, the rest is embedded', async () => {
  const { owner, second, thread } = await embeddedOnce(texts('in part', 5))
  app.embedder.pause()
  await app.seed.messages(thread, texts('the rest', 3))
  await eventually(() => expect(app.embedder.inFlight).toBe(1))
  const callsBefore = app.embedder.calls.length

  const id = await app.seed.link(second, thread)
  await eventually(() => expect(app.embedder.inFlight).toBe(2))
  app.embedder.resume()

  await app.seed.embedded(owner, id)
  expect(app.embedder.calls.slice(callsBefore)).toEqual([texts('the rest', 3)])
  expect(await owner.must(COUNTS, { id })).toMatchObject({
    backfill: { status: 'COMPLETED', total: 8, embedded: 8, reused: 5 },
  })
})

test.each([
  ['of another model', `update embedding_store set embedding_model = 'other' where id = $1`],
  ['of another length', `update embedding_store set embedding_dimensions = 32 where id = $1`],
])('vectors %s are not taken', async (name, change) => {
  const { owner, space, second, thread } = await embeddedOnce(texts(name, 5))
  await app.pool.query(change, [space.id])
  const callsBefore = app.embedder.calls.length

  const id = await app.seed.link(second, thread)

  await app.seed.embedded(owner, id)
  expect(tally(app.embedder.calls.slice(callsBefore).flat())).toEqual(tally(texts(name, 5)))
  expect(await owner.must(COUNTS, { id })).toMatchObject({ backfill: { embedded: 5, reused: 0 } })
  const { model, dimensions } = app.embedder
  const restore = 'update embedding_store set embedding_model = $2, embedding_dimensions = $3 where id = $1'
  await app.pool.query(restore, [space.id, model, dimensions])
})

test.each([
  [
    'the thread was removed from it',
    (owner: Seeded['owner'], spaceId: string, threadId: string) =>
      owner.must('RemoveThreadFromSpace', { spaceId, threadId }),
  ],
  ['it was deleted', (owner: Seeded['owner'], spaceId: string) => owner.must('DeleteSpace', { spaceId })],
])('what was to be copied from a space is embedded after all when %s meanwhile', async (name, remove) => {
  const { owner, space, second, thread } = await embeddedOnce(texts(name, 5))
  app.embedder.pause()
  // The first space is behind with a message, so that the second has something to wait for.
  await app.seed.messages(thread, [`${name} new`])
  await eventually(() => expect(app.embedder.inFlight).toBe(1))
  const id = await app.seed.link(second, thread)
  await eventually(() => expect(app.embedder.inFlight).toBe(2))
  const callsBefore = app.embedder.calls.length

  await remove(owner, space.id, thread.id)
  app.embedder.resume()

  expect(await app.seed.embedded(owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 6 })
  expect(await owner.must(COUNTS, { id })).toMatchObject({ backfill: { reused: 0, total: 6 } })
  expect(app.embedder.calls.slice(callsBefore)).toEqual([texts(name, 5)])
  expect(await vectorsOf(second)).toHaveLength(6)
})

test('several spaces at once copy the same', async () => {
  const { owner, organization, second, thread } = await embeddedOnce(texts('shared', 12))
  const third = await app.seed.space(organization)
  const callsBefore = app.embedder.calls.length

  const ids = await Promise.all([app.seed.link(second, thread), app.seed.link(third, thread)])

  for (const id of ids) {
    await app.seed.embedded(owner, id)
    expect(await owner.must(COUNTS, { id })).toMatchObject({ backfill: { embedded: 12, reused: 12 } })
  }
  expect(app.embedder.calls).toHaveLength(callsBefore)
})
