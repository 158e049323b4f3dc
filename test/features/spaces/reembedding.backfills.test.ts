import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import type { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import {
  asked,
  embeddedSpace,
  ended,
  foundIn,
  memoryOf,
  NEXT,
  OLD,
  reembed,
  startTwoModels,
  texts,
} from './reembedding.fixture.js'

let app: TestApp
let next: FakeEmbedder

beforeAll(async () => {
  ;({ app, next } = await startTwoModels())
})
afterEach(async () => {
  for (const embedder of [app.embedder, next]) {
    embedder.resume()
    embedder.refuse(() => false)
  }
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const MEMORY = texts('memory', 12)

test('what a backfill of the space still had to do is done by the switch: it is complete, and its watcher learns it', async () => {
  app.embedder.pause()
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: MEMORY })
  await asked(app.embedder)
  const watching = app.seed.embedded(owner, backfillId)

  expect(await ended(owner, (await reembed(space)).id)).toMatchObject({ status: 'COMPLETED', embedded: 12 })

  expect(await watching).toMatchObject({ status: 'COMPLETED', total: 12, embedded: 12, failed: 0 })
  app.embedder.resume()
  expect(await foundIn(space, 'memory 2')).toEqual(new Set(MEMORY))
})

test('messages that the new model refuses are failed in the backfill that was at work, and can be retried', async () => {
  app.embedder.pause()
  next.refuse((text) => text === 'memory 3')
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: MEMORY })
  await asked(app.embedder)

  const last = await ended(owner, (await reembed(space)).id)

  expect(last).toMatchObject({ status: 'COMPLETED', embedded: 11, failed: 1, lastError: expect.any(String) })
  const { backfill } = await owner.must('Backfill', { id: backfillId })
  expect(backfill).toMatchObject({ status: 'COMPLETED', total: 12, embedded: 11, failed: 1 })
  next.refuse(() => false)
  const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })
  expect(await app.seed.embedded(owner, retryBackfill.backfill.id)).toMatchObject({
    status: 'COMPLETED',
    embedded: 1,
  })
  expect(await foundIn(space, 'memory 3')).toEqual(new Set(MEMORY))
})

test('what the old model refused and the new one takes is no failure any more', async () => {
  app.embedder.refuse((text) => text === 'memory 3')
  const { owner, space, backfillId } = await embeddedSpace(app)
  expect(await foundIn(space, 'memory 4')).not.toContain('memory 3')

  await ended(owner, (await reembed(space)).id)

  expect(await foundIn(space, 'memory 4')).toContain('memory 3')
  expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Nothing to retry',
  })
})

test('a thread whose backfill was canceled is whole in the new memory, and later messages are embedded again', async () => {
  app.embedder.pause()
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: MEMORY })
  await asked(app.embedder)
  await owner.must('CancelBackfill', { backfillId })
  app.embedder.resume()

  await ended(owner, (await reembed(space)).id)

  expect(await memoryOf(space)).toMatchObject({ vectorCount: 12 })
  await app.seed.messages(thread, ['one more'])
  await eventually(async () => expect(await foundIn(space, 'one more')).toContain('one more'))
})

test('a model that refuses every message takes no memory away: the re-embedding failed, and the old one serves on', async () => {
  const { owner, space } = await embeddedSpace(app)
  next.refuse((text) => text.startsWith('memory'))

  const last = await ended(owner, (await reembed(space)).id)

  expect(last).toMatchObject({ status: 'FAILED', embedded: 0, failed: 12, lastError: expect.any(String) })
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: OLD.model, vectorCount: 12 })
  expect(await foundIn(space, 'memory 2')).toEqual(new Set(MEMORY))
})

test('the backfills of the new memory are nobody to see: those of the space are its own', async () => {
  const { owner, space, thread, backfillId } = await embeddedSpace(app)
  const watcher = owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })

  await ended(owner, (await reembed(space)).id)

  const { thread: read } = await owner.must(
    'query ($id: ID!) { thread(id: $id) { spaces { edges { node { id embeddingModel } } } } }',
    { id: thread.id },
  )
  expect(read.spaces.edges).toEqual([{ node: { id: space.id, embeddingModel: NEXT.model } }])
  const added = await app.seed.thread({ organization: { id: space.organizationId, owner }, messages: 2 })
  const later = await app.seed.link(space, added)
  await app.seed.embedded(owner, later)
  const told = new Set<string>()
  while (!told.has(later)) told.add((await watcher.next())?.data.spaceBackfillProgress.backfillId)
  await watcher.stop()
  expect([...told].filter((id) => id !== backfillId)).toEqual([later])
})
