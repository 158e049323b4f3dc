import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Space not found' }

test('a deleted space is gone with its store and its associations; its threads stay', async () => {
  const { owner, organization, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 3 })
  const other = await app.seed.thread({ organization, messages: 2 })
  const backfillIds = [backfillId, await app.seed.link(space, other)]
  await Promise.all(backfillIds.map((id) => app.seed.embedded(owner, id)))
  const reader = await app.seed.grant(space, 'VIEWER')

  const { deleteSpace } = await owner.must('DeleteSpace', { spaceId: space.id })

  expect(deleteSpace).toEqual({ deletedSpaceId: space.id, removedThreadCount: 2, removedVectorCount: 5 })
  for (const client of [owner, reader]) {
    expect(await client.run('Space', { id: space.id })).toFailWith(NOT_FOUND)
    expect(await client.run('SearchSpace', { spaceId: space.id, query: 'topic' })).toFailWith(NOT_FOUND)
    expect((await client.must('{ spaces { edges { node { id } } } }')).spaces.edges).toEqual([])
  }
  const ids = { spaceId: space.id, threadId: thread.id }
  expect(await owner.run('AddThreadToSpace', ids)).toFailWith(NOT_FOUND)
  expect(await owner.run('RemoveThreadFromSpace', ids)).toFailWith(NOT_FOUND)
  const { thread: kept } = await owner.must('Thread', { id: thread.id })
  expect(kept).toMatchObject({ messageCount: 3, spaces: { edges: [] } })
  await eventually(async () => {
    const { rows } = await app.pool.query(
      'select message_id from embedding where store_id = $1 union all select thread_id from space_thread where space_id = $1',
      [space.id],
    )
    expect(rows).toEqual([])
  })
})

test('a space is deleted once, also by many at once', async () => {
  const { owner, space } = await app.seed.spaceWithThread({ messages: 10 })

  const replies = await Promise.all(
    Array.from({ length: 5 }, () => owner.run('DeleteSpace', { spaceId: space.id })),
  )

  expect(replies.filter(({ errors }) => !errors)).toHaveLength(1)
  for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith(NOT_FOUND)
})

test('the watchers of a space that is deleted learn that its work was canceled, and their streams end', async () => {
  app.embedder.pause()
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
  const one = owner.subscribe('BackfillProgress', { backfillId })
  const all = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  expect((await one.next())?.errors).toBeUndefined()
  expect((await all.next())?.errors).toBeUndefined()
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))

  await owner.must('DeleteSpace', { spaceId: space.id })

  expect((await one.rest()).at(-1)?.data.backfillProgress).toMatchObject({ status: 'CANCELED', processed: 0 })
  const [last, canceled] = (await all.rest()).toReversed()
  expect(canceled?.data.spaceBackfillProgress).toMatchObject({ backfillId, status: 'CANCELED' })
  expect(last).toFailWith(NOT_FOUND)
  for (const watcher of [one, all]) expect(await watcher.end()).toEqual({ kind: 'completed' })
  expect(await owner.run('Backfill', { id: backfillId })).toFailWith({
    ...NOT_FOUND,
    systemMessage: 'Backfill not found',
  })
})

test('what is added while the space is deleted either goes with it or is refused, and batches in flight write nothing', async () => {
  const { owner, organization, space } = await app.seed.spaceWithThread({ messages: 30 })
  const threads = await Promise.all(
    Array.from({ length: 8 }, () => app.seed.thread({ organization, messages: 4 })),
  )

  const [deleted, ...added] = await Promise.all([
    owner.run('DeleteSpace', { spaceId: space.id }),
    ...threads.map((thread) => owner.run('AddThreadToSpace', { spaceId: space.id, threadId: thread.id })),
  ])

  expect(deleted?.errors).toBeUndefined()
  for (const reply of added.filter(({ errors }) => errors)) expect(reply).toFailWith(NOT_FOUND)
  await expectSoundRest(app.pool)
  const { rows } = await app.pool.query('select message_id from embedding where store_id = $1', [space.id])
  expect(rows).toEqual([])
})
