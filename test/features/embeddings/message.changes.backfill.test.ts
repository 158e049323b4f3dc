import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectCurrentVectors } from '../../support/current.vectors.js'
import { DELETE_MESSAGE } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import {
  edit,
  embeddedLink,
  idOf,
  latestBackfill,
  linkInFlight,
  numbered,
  remove,
  vectorsOf,
} from './message.changes.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
  await expectCurrentVectors(app.pool)
  app.embedder.refuse(() => false)
})
afterAll(() => app[Symbol.asyncDispose]())

async function readBackfill(owner: TestClient, id: string) {
  return (await owner.must('Backfill', { id })).backfill
}

describe('while a backfill is at work', () => {
  test('what was at the embedder when it was edited or deleted is not written; each message counts once', async () => {
    const { owner, thread, backfillId } = await linkInFlight(app, 'flying')

    await edit(thread, 0, 'landed')
    await edit(thread, 1, 'landed')
    await edit(thread, 1, 'landed again')
    await remove(thread, 2)
    // Nobody has read it yet.
    await edit(thread, 19, 'grounded')
    await remove(thread, 18)
    app.embedder.resume()

    expect(await app.seed.embedded(owner, backfillId)).toMatchObject({
      status: 'COMPLETED',
      total: 20,
      processed: 20,
      embedded: 18,
      skipped: 2,
      failed: 0,
    })
    await expectCurrentVectors(app.pool)
  })

  test('a backfill whose last messages are deleted is complete, and its subscriber receives that', async () => {
    app.embedder.failNext(503, { 'retry-after': '3600' })
    const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: 3 })
    const watcher = app.seed.embedded(owner, backfillId)
    await eventually(async () => expect((await readBackfill(owner, backfillId)).lastError).not.toBeNull())

    for (const index of [0, 1, 2]) await remove(thread, index)

    expect(await watcher).toMatchObject({ status: 'COMPLETED', total: 3, skipped: 3, lastError: null })
    const { rows } = await app.pool.query('select from space_thread where thread_id = $1', [thread.id])
    expect(rows).toHaveLength(1)
    await owner.must('DeleteThread', { threadId: thread.id })
    // A worker that starts anew has not been asked to leave the embedder alone.
    await app.restart()
  })

  test('a retry counts the message that is edited under it, and skips the one that is deleted', async () => {
    app.embedder.refuse((text) => text.startsWith('poison'))
    const { owner, thread, backfillId } = await embeddedLink(app, numbered('poison', 3))
    app.embedder.refuse(() => false)
    app.embedder.pause()
    const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })
    await eventually(() => expect(app.embedder.inFlight).toBe(1))

    await edit(thread, 0, 'a cure')
    await remove(thread, 1)
    app.embedder.resume()

    expect(await app.seed.embedded(owner, retryBackfill.backfill.id)).toMatchObject({
      status: 'COMPLETED',
      total: 3,
      embedded: 2,
      skipped: 1,
      failed: 0,
    })
  })

  test('a canceled retry leaves refused what it had not taken, but for what was edited since', async () => {
    app.embedder.refuse((text) => text.startsWith('poison'))
    const { owner, thread, backfillId } = await embeddedLink(app, numbered('poison', 20))
    app.embedder.pause()
    const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })
    await eventually(() => expect(app.embedder.inFlight).toBe(1))
    await edit(thread, 19, 'a cure')

    await owner.must('CancelBackfill', { backfillId: retryBackfill.backfill.id })
    app.embedder.resume()
    await expectSoundRest(app.pool)

    expect(await vectorsOf(app, idOf(thread, 19))).toBe(1)
    const { rows } = await app.pool.query('select from embedding_failure where thread_id = $1', [thread.id])
    expect(rows).toHaveLength(19)
  })
})

describe('while nothing is embedded', () => {
  test('a canceled backfill that is retried counts what was edited and deleted meanwhile', async () => {
    const { owner, thread, backfillId } = await linkInFlight(app, 'halted')
    await owner.must('CancelBackfill', { backfillId })
    app.embedder.resume()
    await edit(thread, 3, 'before it was embedded')
    await owner.must('RetryBackfill', { backfillId })
    await expectSoundRest(app.pool)
    app.embedder.pause()
    await app.seed.messages(thread, ['one more'])
    await eventually(() => expect(app.embedder.inFlight).toBe(1))
    await edit(thread, 5, 'after it was embedded')

    // Its link is paused by the cancellation of a new backfill, which restoring the thread opens.
    await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
    await owner.must('RestoreThread', { threadId: thread.id })
    const opened = await latestBackfill(app, thread)
    expect(opened).toMatchObject({ kind: 'ADD', total: 2 })
    await owner.must('CancelBackfill', { backfillId: opened.id })
    await edit(thread, 6, 'while it is paused')
    await remove(thread, 7)
    app.embedder.resume()
    const { retryBackfill } = await owner.must('RetryBackfill', { backfillId: opened.id })

    expect(await app.seed.embedded(owner, retryBackfill.backfill.id)).toMatchObject({
      status: 'COMPLETED',
      total: 3,
      embedded: 3,
    })
    expect(await vectorsOf(app, idOf(thread, 6))).toBe(1)
  })

  test('an edit that a deletion of the thread interrupts is done when the thread comes back', async () => {
    const { owner, thread } = await embeddedLink(app, numbered('hidden', 4))
    app.embedder.pause()
    await edit(thread, 0, 'shown')
    await eventually(() => expect(app.embedder.inFlight).toBe(1))
    await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
    app.embedder.resume()
    await expectSoundRest(app.pool)
    expect(await vectorsOf(app, idOf(thread, 0))).toBe(0)

    await owner.must('RestoreThread', { threadId: thread.id })

    expect(await app.seed.embedded(owner, (await latestBackfill(app, thread)).id)).toMatchObject({
      status: 'COMPLETED',
      total: 1,
      embedded: 1,
    })
  })

  test('a thread whose last messages were deleted comes back without a backfill that nothing could end', async () => {
    const { owner, thread, backfillId } = await embeddedLink(app, numbered('tail', 2))
    app.embedder.pause()
    const [late] = await app.seed.messages(thread, ['late'])
    await eventually(() => expect(app.embedder.inFlight).toBe(1))
    await owner.must(DELETE_MESSAGE, { messageId: late })

    await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
    await owner.must('RestoreThread', { threadId: thread.id })

    expect((await latestBackfill(app, thread)).id).toBe(backfillId)
  })

  test('what is left to embed again of a thread goes with its removal from the space', async () => {
    const { owner, space, thread } = await embeddedLink(app, numbered('moved', 4))
    app.embedder.pause()
    await edit(thread, 0, 'elsewhere')
    const ids = { spaceId: space.id, threadId: thread.id }

    await owner.must('RemoveThreadFromSpace', ids)
    const backfillId = await app.seed.link(space, thread)
    app.embedder.resume()

    expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ total: 4, embedded: 4 })
  })
})
