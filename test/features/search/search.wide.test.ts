import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { denseVector } from '../../support/hashed.vectors.js'
import { expectInvariants } from '../../support/invariants.js'
import { contentsOf, embedThread, expectRanked, found, TEXTS, threadsOf } from './search.fixture.js'

/** Vectors that are too wide for an entry of the covering index are found by their bits, and ranked by themselves. */

const DIMENSIONS = 1_536
// More than are ranked again.
const NOISE = 250

/** The bits of a vector tell its direction when it has no zeros. */
class DenseEmbedder extends FakeEmbedder {
  constructor() {
    super({ dimensions: DIMENSIONS, batchSize: 64 })
  }

  override async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    await super.embed(texts, signal)
    return texts.map((text) => denseVector(text, DIMENSIONS))
  }
}

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ embedder: new DenseEmbedder() })
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

test('wide vectors are found as others are: the nearest first, with the cosine as their score', async () => {
  const space = await app.seed.space()
  const noise = Array.from({ length: NOISE }, (_, index) => `unrelated remark number ${index}`)
  await embedThread(app, space, [...noise, ...TEXTS.toReversed()])

  const hits = await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first: TEXTS.length })

  expectRanked(hits, 'alpha', (text) => denseVector(text, DIMENSIONS))
  expect(contentsOf(hits)).toEqual(TEXTS)
  const { rows } = await app.pool.query(
    `select count(*)::int as vectors, count(wide_vector)::int as wide, count(vector)::int as narrow
     from embedding where store_id = $1`,
    [space.id],
  )
  expect(rows).toEqual([{ vectors: NOISE + TEXTS.length, wide: NOISE + TEXTS.length, narrow: 0 }])
})

test('wide vectors of another space, and of a soft-deleted thread, are not found', async () => {
  const [space, other] = [await app.seed.space(), await app.seed.space()]
  const kept = await embedThread(app, space, TEXTS)
  const hidden = await embedThread(app, space, TEXTS)
  await embedThread(app, other, TEXTS)

  expect(threadsOf(await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first: 100 }))).toEqual(
    new Set([kept.id, hidden.id]),
  )
  await space.owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })

  const hits = await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first: 100 })
  expect(hits).toHaveLength(TEXTS.length)
  expect(threadsOf(hits)).toEqual(new Set([kept.id]))
  await space.owner.must('RestoreThread', { threadId: hidden.id })
  expect(await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first: 100 })).toHaveLength(
    2 * TEXTS.length,
  )
})

test('as many messages are found as asked for, also when one has more pieces than are looked at first', async () => {
  const space = await app.seed.space()
  const long = 'alpha '.repeat(70_000)
  await embedThread(app, space, [long, ...Array.from({ length: 12 }, (_, index) => `alpha bravo ${index}`)])

  const hits = await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first: 10 })

  expect(new Set(hits.map(({ node }) => node.id)).size).toBe(10)
  expect(hits[0]?.node.content === long).toBe(true)
})
