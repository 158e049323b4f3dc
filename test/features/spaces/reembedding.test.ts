import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { EMBEDDING_MODELS, REEMBED_SPACE } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
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
  vectorsByModel,
} from './reembedding.fixture.js'

const WIDE = { model: 'wide-words@1', dimensions: 1_536 }
const SHORT = { model: NEXT.model, dimensions: 16 }

let app: TestApp
let next: FakeEmbedder

beforeAll(async () => {
  const others = [new FakeEmbedder(WIDE), new FakeEmbedder({ model: OLD.model, dimensions: 16 })]
  ;({ app, next } = await startTwoModels({ others }))
})
afterEach(async () => {
  app.embedder.resume()
  next.resume()
  next.delay(0)
  next.refuse(() => false)
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const MEMORY = texts('memory', 12)

test('searches are answered by the old memory until the new one is whole, and by the new one right after', async () => {
  const { owner, space, thread } = await embeddedSpace(app)
  next.pause()
  const { id, ...started } = await reembed(space)
  expect(started).toMatchObject({ status: 'RUNNING', ...NEXT, total: 12, processed: 0, percent: 0 })
  expect(started.space).toEqual({ id: space.id, embeddingModel: OLD.model })
  await asked(next)

  expect(await foundIn(space, 'memory 3')).toEqual(new Set(MEMORY))
  expect(app.embedder.calls.at(-1)).toEqual(['memory 3'])
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: OLD.model, vectorCount: 12, threadCount: 1 })
  expect((await owner.must('{ spaces { edges { node { id } } } }')).spaces.edges).toHaveLength(1)
  next.resume()

  expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 12, percent: 100 })
  expect(await memoryOf(space)).toMatchObject({
    embeddingModel: NEXT.model,
    embeddingDimensions: NEXT.dimensions,
    vectorCount: 12,
    threadCount: 1,
    reembedding: { id, status: 'COMPLETED', finishedAt: expect.any(String) },
  })
  expect(await foundIn(space, 'memory 4')).toEqual(new Set(MEMORY))
  expect(next.calls.at(-1)).toEqual(['memory 4'])
  await eventually(async () =>
    expect(await vectorsByModel(app, thread.id)).toEqual({ [NEXT.model]: MEMORY.length }),
  )
})

test('no search is ever without its hits, from before the start until the old memory is dropped', async () => {
  const { owner, space, thread } = await embeddedSpace(app, texts('always', 40))
  next.delay(10)
  const counts: number[] = []
  let isOver = false
  const searching = (async () => {
    while (!isOver) counts.push((await foundIn(space, 'always 7')).size)
  })()

  await ended(owner, (await reembed(space)).id)
  await eventually(async () => expect(await vectorsByModel(app, thread.id)).toEqual({ [NEXT.model]: 40 }))
  isOver = true
  await searching

  expect(new Set(counts)).toEqual(new Set([40]))
})

test('a memory of narrow vectors becomes one of wide vectors, and one of narrow vectors again', async () => {
  const { owner, space } = await embeddedSpace(app)
  for (const model of [WIDE, { model: NEXT.model }]) {
    const { id } = await reembed(space, model)
    expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 12 })
    expect(await foundIn(space, 'memory 5')).toEqual(new Set(MEMORY))
    expect(await memoryOf(space)).toMatchObject({ embeddingModel: model.model, vectorCount: 12 })
  }
})

test('a space without threads changes its model at once', async () => {
  const space = await app.seed.space()

  const { id } = await reembed(space)

  expect(await ended(space.owner, id)).toMatchObject({ status: 'COMPLETED', total: 0, percent: 100 })
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: NEXT.model, vectorCount: 0 })
})

test('the same model asked for by many at once is one re-embedding; another one meanwhile is refused', async () => {
  const { owner, space } = await embeddedSpace(app)
  next.pause()

  const started = await Promise.all(Array.from({ length: 5 }, () => reembed(space)))

  const [{ id }] = started
  expect(new Set(started.map((each) => each.id))).toEqual(new Set([id]))
  expect(await owner.run(REEMBED_SPACE, { spaceId: space.id, model: WIDE.model })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Re-embedding running',
    details: { reembeddingId: id, ...NEXT },
  })
  next.resume()
  await ended(owner, id)
  expect(await owner.run(REEMBED_SPACE, { spaceId: space.id, model: NEXT.model })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Model in use',
  })
})

test('a model that the server does not have is refused, and so is one of several lengths without its length', async () => {
  const { owner, id: spaceId } = await app.seed.space()

  expect(await owner.run(REEMBED_SPACE, { spaceId, model: 'unknown' })).toFailWith({
    code: 'VALIDATION_ERROR',
    message: `Invalid model. This server embeds with ${OLD.model} (64), ${NEXT.model} (32), ${WIDE.model} (1536), ${OLD.model} (16).`,
  })
  expect(await owner.run(REEMBED_SPACE, { spaceId, ...SHORT })).toFailWith({ code: 'VALIDATION_ERROR' })
  expect(await owner.run(REEMBED_SPACE, { spaceId, model: OLD.model })).toFailWith({
    code: 'VALIDATION_ERROR',
    message: 'Invalid dimensions. The model is there in several lengths: name one.',
  })
  const { reembedSpace } = await owner.must(REEMBED_SPACE, { spaceId, model: OLD.model, dimensions: 16 })
  expect(await ended(owner, reembedSpace.reembedding.id)).toMatchObject({ status: 'COMPLETED' })
})

test('whoever is signed in is told the models of the server, that of new spaces first', async () => {
  const user = await app.seed.user()

  expect((await user.must(EMBEDDING_MODELS)).embeddingModels).toEqual([
    { ...OLD, isDefault: true },
    { ...NEXT, isDefault: false },
    { ...WIDE, isDefault: false },
    { ...OLD, dimensions: 16, isDefault: false },
  ])
  expect(await app.anonymous().run(EMBEDDING_MODELS)).toFailWith({ code: 'UNAUTHENTICATED' })
})

test('who may not delete the space may not re-embed it, and who may see it sees how far it is', async () => {
  const { owner, space } = await embeddedSpace(app)
  next.pause()
  const variables = { spaceId: space.id, model: NEXT.model }
  const [viewer, editor] = [await app.seed.grant(space, 'VIEWER'), await app.seed.grant(space, 'EDITOR')]
  const manager = await app.seed.grant(space, 'OWNER')
  for (const client of [viewer, editor]) {
    expect(await client.run(REEMBED_SPACE, variables)).toFailWith({
      code: 'INSUFFICIENT_PERMISSIONS',
      systemMessage: 'Manage access required',
    })
  }

  const { id } = await reembed({ id: space.id, owner: manager })

  expect((await memoryOf({ id: space.id, owner: viewer })).reembedding).toMatchObject({
    id,
    status: 'RUNNING',
  })
  const stranger = await app.seed.user()
  expect(await stranger.run('query ($id: ID!) { reembedding(id: $id) { id } }', { id })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Reembedding not found',
  })
  next.resume()
  expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED' })
})
