import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { REEMBED_PROGRESS } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import type { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import {
  asked,
  embeddedSpace,
  ended,
  NEXT,
  reembed,
  reembeddingOf,
  startTwoModels,
  texts,
  watched,
} from './reembedding.fixture.js'

let app: TestApp
let next: FakeEmbedder

beforeAll(async () => {
  ;({ app, next } = await startTwoModels())
})
afterEach(async () => {
  next.resume()
  next.delay(0)
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

/** The sequence always rises, what is processed never falls, and the last state alone is an end. */
function expectRising(states: readonly Json[]): void {
  for (const [index, state] of states.entries()) {
    const before = states[index - 1]
    expect(state.sequence).toBeGreaterThan(before?.sequence ?? 0)
    expect(state.processed).toBeGreaterThanOrEqual(before?.processed ?? 0)
    expect(state.processed).toBe(state.embedded + state.skipped + state.failed)
    expect(state.processed).toBeLessThanOrEqual(state.total)
    expect(state.status === 'RUNNING').toBe(index < states.length - 1)
  }
}

test('who watches from the start, from the middle and after the end gets the state and one end', async () => {
  const { owner, organization, space } = await embeddedSpace(app, texts('memory', 60))
  const other = await app.seed.thread({ organization, messages: texts('other', 40) })
  await app.seed.embedded(owner, await app.seed.link(space, other))
  next.pause()
  const { id } = await reembed(space)
  const early = watched(owner, id)
  await asked(next)
  // So slow that several looks fall into it.
  next.delay(200)
  next.resume()
  await eventually(async () => expect((await reembeddingOf(owner, id)).processed).toBeGreaterThan(0))

  const [all, some] = await Promise.all([early, watched(owner, id)])

  const late = await watched(owner, id)
  expect(late).toHaveLength(1)
  for (const states of [all, some, late]) {
    expectRising(states)
    expect(states.at(-1)).toMatchObject({ id, status: 'COMPLETED', ...NEXT, total: 100, embedded: 100 })
  }
  expect(all[0]).toMatchObject({ status: 'RUNNING', processed: 0, percent: 0 })
  expect(all.length).toBeGreaterThan(2)
})

test('a thread that is hidden and restored meanwhile lets nothing fall', async () => {
  const { owner, organization, space, thread } = await embeddedSpace(app, texts('memory', 40))
  const other = await app.seed.thread({ organization, messages: texts('other', 40) })
  await app.seed.embedded(owner, await app.seed.link(space, other))
  next.delay(40)
  const { id } = await reembed(space)
  const watching = watched(owner, id)
  await eventually(async () => expect((await reembeddingOf(owner, id)).processed).toBeGreaterThan(0))
  // Else the rest may be complete before the thread is back.
  next.pause()

  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  await owner.must('RestoreThread', { threadId: thread.id })
  next.resume()

  const states = await watching
  expectRising(states)
  expect(states.at(-1)).toMatchObject({ status: 'COMPLETED', embedded: 80 })
})

test('a re-embedding is watched by its id or by its space, and not by both or neither', async () => {
  const { owner, space } = await embeddedSpace(app)
  const { id } = await reembed(space)
  await ended(owner, id)

  const [one] = await owner.subscribe(REEMBED_PROGRESS, { spaceId: space.id }).rest()
  expect(one?.data.reembedProgress).toMatchObject({ id, status: 'COMPLETED' })

  for (const selector of [{}, { spaceId: space.id, reembeddingId: id }]) {
    const reply = await owner.runOverWebSocket(REEMBED_PROGRESS, selector)
    expect(reply).toFailWith({
      code: 'VALIDATION_ERROR',
      message: 'Pass either reembeddingId or spaceId.',
    })
  }
  const fresh = await app.seed.space()
  expect(await fresh.owner.runOverWebSocket(REEMBED_PROGRESS, { spaceId: fresh.id })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Reembedding not found',
  })
})

test('who loses access to the space loses its stream within seconds, and others keep theirs', async () => {
  const { owner, space } = await embeddedSpace(app)
  const viewer = await app.seed.grant(space, 'VIEWER')
  next.pause()
  const { id } = await reembed(space)
  await asked(next)
  const theirs = viewer.subscribe(REEMBED_PROGRESS, { reembeddingId: id })
  const ours = watched(owner, id)
  expect((await theirs.next())?.data.reembedProgress).toMatchObject({ status: 'RUNNING' })

  await owner.must('RevokeSpaceAccess', { spaceId: space.id, userId: viewer.userId })

  const replies = await theirs.rest()
  expect(replies.at(-1)).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Reembedding not found' })
  await theirs.stop()
  next.resume()
  expect((await ours).at(-1)).toMatchObject({ status: 'COMPLETED' })
})
