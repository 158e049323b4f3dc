import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { CANCEL_REEMBEDDING, REEMBED_SPACE } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import type { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededThread } from '../../support/seed.js'
import {
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
  next.delay(0)
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const ROUNDS = 6

test('whatever happens to its threads around several switches, a space has each live message once at the end', async () => {
  const { owner, organization, space, thread: appended } = await embeddedSpace(app, texts('appended', 4))
  const make = (name: string) => app.seed.thread({ organization, messages: texts(name, 4) })
  const [hidden, removed, purged, added] = await Promise.all(
    ['hidden', 'removed', 'purged', 'added'].map(make),
  )
  const ids = (thread: SeededThread | undefined) => ({ spaceId: space.id, threadId: thread?.id })
  await Promise.all([hidden, removed, purged].map((thread) => app.seed.link(space, thread as SeededThread)))
  next.delay(5)
  const repeat = async (step: (round: number) => Promise<unknown>) => {
    for (let round = 0; round < ROUNDS; round++) await step(round)
  }

  const changes = [
    repeat((round) => app.seed.messages(appended, [`appended while ${round}`])),
    repeat(async () => {
      await owner.must('DeleteThread', { ...ids(hidden), mode: 'SOFT' })
      await owner.must('RestoreThread', ids(hidden))
      await eventually(async () => expect(await foundIn(space, 'hidden 1')).toContain('hidden 1'))
    }),
    repeat(async () => {
      await owner.must('RemoveThreadFromSpace', ids(removed))
      await app.seed.embedded(owner, await app.seed.link(space, removed as SeededThread))
    }),
  ]
  for (const model of [NEXT, OLD, NEXT]) {
    const { id } = await reembed(space, model)
    if (model === OLD) {
      await owner.must('AddThreadToSpace', ids(added))
      await owner.must('DeleteThread', { ...ids(purged), mode: 'PERMANENT' })
    }
    expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED' })
  }
  await Promise.all(changes)
  await expectSoundRest(app.pool)

  const { rows } = await app.pool.query(
    'select count(*)::int as count from message where thread_id = any($1)',
    [[appended, hidden, removed, added].map((thread) => thread?.id)],
  )
  expect(await memoryOf(space)).toMatchObject({
    embeddingModel: NEXT.model,
    threadCount: 4,
    vectorCount: rows[0].count,
  })
})

test('a cancellation and the switch at once: one of them wins, and the space has one whole memory', async () => {
  const { owner, space } = await embeddedSpace(app)
  const { id: reembeddingId } = await reembed(space)

  const [reply, last] = await Promise.all([
    owner.run(CANCEL_REEMBEDDING, { reembeddingId }),
    ended(owner, reembeddingId),
  ])

  expect(last.status).toBe(reply.errors ? 'COMPLETED' : 'CANCELED')
  expect(await memoryOf(space)).toMatchObject({
    embeddingModel: reply.errors ? NEXT.model : OLD.model,
    vectorCount: 12,
  })
  expect(await foundIn(space, 'memory 1')).toEqual(new Set(texts('memory', 12)))
})

test('a space that is deleted by one while others re-embed it leaves nothing', async () => {
  const { owner, space } = await embeddedSpace(app)

  const replies = await Promise.all([
    owner.run(REEMBED_SPACE, { spaceId: space.id, model: NEXT.model }),
    owner.run('DeleteSpace', { spaceId: space.id }),
    owner.run(REEMBED_SPACE, { spaceId: space.id, model: NEXT.model }),
  ])

  expect(replies[1]?.errors).toBeUndefined()
  await expectSoundRest(app.pool)
  await eventually(async () => {
    const { rows } = await app.pool.query('select id from embedding_store where space_id = $1', [space.id])
    expect(rows).toEqual([])
  })
})
