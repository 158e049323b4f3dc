import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
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

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, type: 'client_error' }

describe('who may edit the space may cancel and retry:', () => {
  test.each([
    ['an OWNER', 'OWNER', true],
    ['an EDITOR', 'EDITOR', true],
    ['a VIEWER may only watch', 'VIEWER', false],
  ] as const)('%s', async (_, role, isAllowed) => {
    app.embedder.pause()
    const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
    const user = await app.seed.grant(space, role)
    const refusal = {
      code: 'INSUFFICIENT_PERMISSIONS',
      status: 403,
      systemMessage: 'Edit access required',
      details: { spaceId: space.id },
    }

    const canceled = await user.run('CancelBackfill', { backfillId })
    const retried = await user.run('RetryBackfill', { backfillId })

    if (isAllowed) {
      expect(canceled.data.cancelBackfill.backfill).toEqual({ id: backfillId, status: 'CANCELED' })
      expect(retried.data.retryBackfill.backfill).toMatchObject({ status: 'QUEUED', total: 2 })
    } else {
      for (const reply of [canceled, retried]) expect(reply).toFailWith(refusal)
    }
    app.embedder.resume()
    const id = isAllowed ? retried.data.retryBackfill.backfill.id : backfillId
    expect(await app.seed.embedded(user, id)).toMatchObject({ status: 'COMPLETED', embedded: 2 })
    expect((await owner.must('Backfill', { id })).backfill.status).toBe('COMPLETED')
  })
})

test('a backfill that does not exist is not found, whatever is asked of it', async () => {
  const user = await app.seed.user()
  const expected = { ...NOT_FOUND, systemMessage: 'Backfill not found' }

  expect(await user.run('Backfill', { id: 'bkfl_none' })).toFailWith(expected)
  expect(await user.run('CancelBackfill', { backfillId: 'bkfl_none' })).toFailWith(expected)
  expect(await user.run('RetryBackfill', { backfillId: 'bkfl_none' })).toFailWith(expected)
  expect(await user.runOverWebSocket('BackfillProgress', { backfillId: 'bkfl_none' })).toFailWith({
    ...expected,
    details: { backfillId: 'bkfl_none' },
  })
  expect(await user.runOverWebSocket('SpaceBackfillProgress', { spaceId: 'space_none' })).toFailWith({
    ...NOT_FOUND,
    systemMessage: 'Space not found',
  })
})

test('who is not signed in watches nothing', async () => {
  const { space, backfillId } = await app.seed.spaceWithThread({ messages: 1 })
  const unauthenticated = { code: 'UNAUTHENTICATED', status: 401, type: 'authentication_error' }
  const anonymous = app.anonymous()

  expect(await anonymous.runOverWebSocket('BackfillProgress', { backfillId })).toFailWith(unauthenticated)
  expect(await anonymous.runOverWebSocket('SpaceBackfillProgress', { spaceId: space.id })).toFailWith(
    unauthenticated,
  )
  expect(await anonymous.run('Backfill', { id: backfillId })).toFailWith(unauthenticated)
})

test('who loses access in mid-stream gets the error as the last event, and nothing of what follows', async () => {
  app.embedder.pause()
  const { owner, space, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
  const viewer = await app.seed.grant(space, 'VIEWER')
  const one = viewer.subscribe('BackfillProgress', { backfillId })
  const all = viewer.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  for (const watcher of [one, all]) expect((await watcher.next())?.errors).toBeUndefined()

  await owner.must('RevokeSpaceAccess', { spaceId: space.id, userId: viewer.userId })

  for (const [watcher, subject] of [
    [one, 'Backfill'],
    [all, 'Space'],
  ] as const) {
    const replies = await watcher.rest()
    expect(replies.at(-1)).toFailWith({ ...NOT_FOUND, systemMessage: `${subject} not found` })
    expect(replies.at(-1)?.data ?? null).toBeNull()
    expect(await watcher.end()).toEqual({ kind: 'completed' })
  }
  app.embedder.resume()
  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED' })
})

test('a backfill outlives its thread: a late watcher of a purged thread learns how it ended', async () => {
  app.embedder.pause()
  const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
  const watcher = owner.subscribe('BackfillProgress', { backfillId })
  await watcher.next()

  await owner.must('DeleteThread', { threadId: thread.id })

  expect((await watcher.rest()).at(-1)?.data.backfillProgress).toMatchObject({ status: 'CANCELED' })
  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'CANCELED', processed: 0 })
  expect((await owner.must('Backfill', { id: backfillId })).backfill).toMatchObject({
    status: 'CANCELED',
    thread: null,
  })
  expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Thread not in space',
  })
})
