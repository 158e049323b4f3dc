import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { CANCEL_REEMBEDDING, REEMBED_PROGRESS } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import type { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'
import {
  asked,
  embeddedSpace,
  ended,
  foundIn,
  memoryOf,
  NEXT,
  OLD,
  reembed,
  reembeddingOf,
  startTwoModels,
  texts,
  vectorsByModel,
} from './reembedding.fixture.js'

let app: TestApp
let next: FakeEmbedder

beforeAll(async () => {
  ;({ app, next } = await startTwoModels())
})
afterEach(async () => {
  app.embedder.resume()
  next.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const MEMORY = texts('memory', 12)

const EDIT = `mutation ($messageId: ID!, $content: String!) {
  editMessage(messageId: $messageId, content: $content) { message { id } }
}`
const DELETE = 'mutation ($messageId: ID!) { deleteMessage(messageId: $messageId) { __typename } }'

/** A space whose new memory is being built, and comes no further until the embedder is let go on. */
async function halfway() {
  const link = await embeddedSpace(app)
  next.pause()
  const { id } = await reembed(link.space)
  await asked(next)
  return { ...link, id }
}

async function finish(space: Seeded, id: string) {
  next.resume()
  const last = await ended(space.owner, id)
  expect(last).toMatchObject({ status: 'COMPLETED', processed: last.total })
  return last
}

test('messages that are appended meanwhile are found in the old memory, and then in the new one', async () => {
  const { space, thread, id } = await halfway()

  await app.seed.messages(thread, texts('appended', 3))

  await eventually(async () => expect(await foundIn(space, 'appended 1')).toContain('appended 1'))
  expect(await vectorsByModel(app, thread.id)).toEqual({ [OLD.model]: 15 })
  expect(await finish(space, id)).toMatchObject({ total: 12, embedded: 12 })
  expect(await foundIn(space, 'appended 1')).toEqual(new Set([...MEMORY, ...texts('appended', 3)]))
})

test('a message that is edited and one that is deleted meanwhile are so in both memories', async () => {
  const { owner, space, thread, id } = await halfway()
  const [edited, deleted] = thread.messageIds

  await owner.must(EDIT, { messageId: edited, content: 'another text' })
  await owner.must(DELETE, { messageId: deleted })

  const left = new Set(['another text', ...MEMORY.slice(2)])
  await eventually(async () => expect(await foundIn(space, 'memory 3')).toEqual(left))
  await finish(space, id)
  expect(await foundIn(space, 'memory 3')).toEqual(left)
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: NEXT.model, vectorCount: 11 })
})

test('a thread that is added meanwhile is embedded into both memories', async () => {
  const { organization, space, id } = await halfway()
  const thread = await app.seed.thread({ organization, messages: texts('added', 5) })

  const backfillId = await app.seed.link(space, thread)

  expect(await app.seed.embedded(space.owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 5 })
  expect(await foundIn(space, 'added 2')).toContain('added 2')
  expect(await reembeddingOf(space.owner, id)).toMatchObject({ status: 'RUNNING', total: 17 })
  expect(await finish(space, id)).toMatchObject({ total: 17, embedded: 17 })
  expect(await foundIn(space, 'added 2')).toEqual(new Set([...MEMORY, ...texts('added', 5)]))
  expect(await memoryOf(space)).toMatchObject({ threadCount: 2, vectorCount: 17 })
})

test('a thread that is removed meanwhile is in neither memory, and what was left of it counts as skipped', async () => {
  const { organization, owner, space, thread, id } = await halfway()
  const kept = await app.seed.thread({ organization, messages: texts('kept', 2) })
  await app.seed.embedded(owner, await app.seed.link(space, kept))

  await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })

  expect(await foundIn(space, 'memory 1')).toEqual(new Set(texts('kept', 2)))
  expect(await finish(space, id)).toMatchObject({ total: 14, embedded: 2, skipped: 12 })
  expect(await foundIn(space, 'memory 1')).toEqual(new Set(texts('kept', 2)))
  expect(await vectorsByModel(app, thread.id)).toEqual({})
})

test('the last thread is removed meanwhile: nothing is left to wait for', async () => {
  const { owner, space, thread, id } = await halfway()

  await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })

  expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED', total: 12, skipped: 12 })
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: NEXT.model, threadCount: 0, vectorCount: 0 })
})

test.each(['before', 'after'])(
  'a thread that is hidden meanwhile and restored %s the switch is whole in the new memory',
  async (when) => {
    const { organization, owner, space, thread, id } = await halfway()
    const other = await app.seed.thread({ organization, messages: texts('other', 2) })
    await app.seed.embedded(owner, await app.seed.link(space, other))
    await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
    expect(await foundIn(space, 'memory 1')).toEqual(new Set(texts('other', 2)))

    const restore = () => owner.must('RestoreThread', { threadId: thread.id })
    if (when === 'before') await restore()
    await finish(space, id)
    if (when === 'after') {
      expect(await memoryOf(space)).toMatchObject({ threadCount: 1, vectorCount: 2 })
      expect(await foundIn(space, 'memory 1')).toEqual(new Set(texts('other', 2)))
      await restore()
    }

    await eventually(async () =>
      expect(await foundIn(space, 'memory 1')).toEqual(new Set([...MEMORY, ...texts('other', 2)])),
    )
    expect(await memoryOf(space)).toMatchObject({
      embeddingModel: NEXT.model,
      threadCount: 2,
      vectorCount: 14,
    })
  },
)

test('a hidden thread, restored once the space has its new model, is embedded by that', async () => {
  const { owner, space, thread } = await embeddedSpace(app)
  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  expect(await ended(owner, (await reembed(space)).id)).toMatchObject({ status: 'COMPLETED', total: 0 })

  await owner.must('RestoreThread', { threadId: thread.id })

  await eventually(async () => expect(await foundIn(space, 'memory 1')).toEqual(new Set(MEMORY)))
  await eventually(async () => expect(await vectorsByModel(app, thread.id)).toEqual({ [NEXT.model]: 12 }))
})

test('a thread that is purged meanwhile leaves nothing in either memory', async () => {
  const { organization, owner, space, thread, id } = await halfway()
  const kept = await app.seed.thread({ organization, messages: texts('kept', 2) })
  await app.seed.embedded(owner, await app.seed.link(space, kept))

  const { threadDeletionPreview } = await owner.must('ThreadDeletionPreview', { threadId: thread.id })
  expect(threadDeletionPreview).toMatchObject({ vectorCount: 12, spaceCount: 1 })

  await owner.must('DeleteThread', { threadId: thread.id, mode: 'PERMANENT' })

  expect(await finish(space, id)).toMatchObject({ embedded: 2, skipped: 12 })
  expect(await memoryOf(space)).toMatchObject({ threadCount: 1, vectorCount: 2 })
})

test('canceled, the old memory serves on, nothing is left of the new one, and canceling twice is once', async () => {
  const { owner, space, thread, id } = await halfway()
  const watcher = owner.subscribe(REEMBED_PROGRESS, { reembeddingId: id })
  expect((await watcher.next())?.data.reembedProgress).toMatchObject({ status: 'RUNNING' })

  const { cancelReembedding } = await owner.must(CANCEL_REEMBEDDING, { reembeddingId: id })

  expect(cancelReembedding.reembedding).toMatchObject({ id, status: 'CANCELED', total: 12, processed: 0 })
  expect((await watcher.rest()).at(-1)?.data.reembedProgress).toMatchObject({ status: 'CANCELED' })
  await watcher.stop()
  next.resume()
  expect(await foundIn(space, 'memory 1')).toEqual(new Set(MEMORY))
  const again = await owner.must(CANCEL_REEMBEDDING, { reembeddingId: id })
  expect(again.cancelReembedding.reembedding.sequence).toBe(cancelReembedding.reembedding.sequence)
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: OLD.model, vectorCount: 12 })
  await expectSoundRest(app.pool)
  expect(await vectorsByModel(app, thread.id)).toEqual({ [OLD.model]: 12 })

  await ended(owner, (await reembed(space)).id)
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: NEXT.model, vectorCount: 12 })
})

test('one that is complete cannot be canceled, and who may not delete the space cancels none', async () => {
  const { owner, space, id } = await halfway()
  const editor = await app.seed.grant(space, 'EDITOR')
  expect(await editor.run(CANCEL_REEMBEDDING, { reembeddingId: id })).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
    systemMessage: 'Manage access required',
  })

  await finish(space, id)

  expect(await owner.run(CANCEL_REEMBEDDING, { reembeddingId: id })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Re-embedding ended',
  })
})

test('a space that is deleted meanwhile is gone with both memories, and its watchers learn the end', async () => {
  const { owner, space, thread, id } = await halfway()
  const watcher = owner.subscribe(REEMBED_PROGRESS, { spaceId: space.id })
  await watcher.next()

  const { deleteSpace } = await owner.must('DeleteSpace', { spaceId: space.id })

  expect(deleteSpace).toMatchObject({ removedThreadCount: 1, removedVectorCount: 12 })
  const replies = await watcher.rest()
  expect(replies.at(-1)?.data.reembedProgress).toMatchObject({ id, status: 'CANCELED' })
  await watcher.stop()
  next.resume()
  await expectSoundRest(app.pool)
  expect(await vectorsByModel(app, thread.id)).toEqual({})
})
