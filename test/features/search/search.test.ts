import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { hashedVector } from '../../support/hashed.vectors.js'
import { expectInvariants } from '../../support/invariants.js'
import { recordStatements } from '../../support/statements.js'
import {
  contentsOf,
  embedThread,
  expectRanked,
  found,
  type SearchHit,
  search,
  TEXTS,
  threadsOf,
} from './search.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }

describe('a search', () => {
  test('finds the nearest messages first, with the cosine as their score, whatever thread they are in', async () => {
    const space = await app.seed.space()
    await embedThread(app, space, TEXTS.filter((_, index) => index % 2 === 0).toReversed())
    await embedThread(
      app,
      space,
      TEXTS.filter((_, index) => index % 2 === 1),
    )

    const hits = await found(space.owner, space, 'alpha', { mode: 'SEMANTIC' })

    expectRanked(hits, 'alpha', (text) => hashedVector(text, app.embedder.dimensions))
    expect(hits).toHaveLength(TEXTS.length)
    expect(contentsOf(hits).slice(0, 3)).toEqual(TEXTS.slice(0, 3))
    expect(hits[0]?.score).toBeCloseTo(1, 2)
  })

  test('gives 10 results by default, and as many as asked for from 1 to 100', async () => {
    const space = await app.seed.space()
    await embedThread(
      app,
      space,
      Array.from({ length: 120 }, (_, index) => `note ${index}`),
    )

    expect(await found(space.owner, space, 'note')).toHaveLength(10)
    for (const first of [1, 7, 50, 51, 100])
      expect(await found(space.owner, space, 'note', { first })).toHaveLength(first)
    for (const first of [0, -1, 101]) {
      const systemMessage = 'Invalid page size. first must be 1 to 100.'
      const failure = { ...INVALID, systemMessage, details: { first } }
      expect(await search(space.owner, space, 'note', { first })).toFailWith(failure)
    }
  })

  test('takes a query of 1 to 2,000 characters', async () => {
    const space = await app.seed.space()
    await embedThread(app, space, ['alpha'])

    expect(contentsOf(await found(space.owner, space, ' alpha '))).toEqual(['alpha'])
    expect((await search(space.owner, space, 'x'.repeat(2_000))).errors).toBeUndefined()
    for (const query of ['', ' \n', 'x'.repeat(2_001)]) {
      const systemMessage = 'Invalid query. It must have 1 to 2,000 characters.'
      expect(await search(space.owner, space, query)).toFailWith({ ...INVALID, systemMessage })
    }
  })

  test('finds nothing in an empty space', async () => {
    const space = await app.seed.space()

    expect(await found(space.owner, space, 'alpha')).toEqual([])
  })

  test('finds each message once, by its nearest piece, also when long ones have many that are near', async () => {
    const space = await app.seed.space()
    const long = 'alpha '.repeat(70_000)
    const short = Array.from({ length: 12 }, (_, index) => `alpha number ${index} of some others`)
    await embedThread(app, space, [long, ...short])
    const { space: filled } = await space.owner.must('Space', { id: space.id })
    expect(filled.vectorCount).toBeGreaterThan(250)

    const hits = await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first: 10 })

    expect(hits).toHaveLength(10)
    expect(new Set(hits.map(({ node }) => node.id)).size).toBe(10)
    expect(hits[0]?.node.content === long).toBe(true)
    expect(hits[0]?.score).toBeCloseTo(1, 2)
  })

  test('scans a store twice at most, however many pieces the nearest messages have', async () => {
    const space = await app.seed.space()
    const texts = ['alpha', 'alpha bravo', ...Array.from({ length: 250 }, (_, index) => `charlie ${index}`)]
    await embedThread(app, space, texts)
    const page = { mode: 'SEMANTIC', first: 100 } as const
    const expected = await found(space.owner, space, 'alpha', page)
    // As if they were thousands of times as long.
    await app.pool.query(
      `insert into embedding
       select e.store_id, e.message_id, piece, e.thread_id, e.generation, e.model, e.vector, e.wide_vector, e.wide_bits,
         e.role, e.message_created_at
       from embedding e join message m on m.id = e.message_id cross join generate_series(1, 10000) piece
       where e.store_id = $1 and m.content like 'alpha%'`,
      [space.id],
    )

    const { result, texts: statements } = await recordStatements(() =>
      found(space.owner, space, 'alpha', page),
    )
    await app.pool.query('delete from embedding where store_id = $1 and chunk > 0', [space.id])

    const comparable = ({ node, similarity }: SearchHit) => [node.id, similarity]
    expect(result.map(comparable)).toEqual(expected.map(comparable))
    expect(statements.filter((text) => text.includes('<=>')).length).toBeLessThanOrEqual(2)
  })

  test('finds a message that was appended once it is embedded, and none that is empty', async () => {
    const space = await app.seed.space()
    const thread = await embedThread(app, space, ['alpha', '', ' \n'])
    await app.seed.messages(thread, ['alpha bravo'])

    await eventually(async () =>
      expect(contentsOf(await found(space.owner, space, 'alpha'))).toEqual(['alpha', 'alpha bravo']),
    )
  })
})

describe('who may search', () => {
  test('is who may see the space; for others it is missing, like one that never was', async () => {
    const space = await app.seed.space()
    await embedThread(app, space, ['alpha'])
    const viewer = await app.seed.grant(space, 'VIEWER')
    const stranger = await app.seed.user()

    expect(await found(viewer, space, 'alpha')).toHaveLength(1)
    for (const id of [space.id, 'space_none']) {
      const reply = await search(stranger, { id, owner: stranger }, 'alpha')
      const failure = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Space not found' }
      expect(reply).toFailWith({ ...failure, details: { spaceId: id } })
    }
    expect(await search(app.anonymous(), space, 'alpha')).toFailWith({ code: 'UNAUTHENTICATED', status: 401 })
    await space.owner.must('DeleteSpace', { spaceId: space.id })
    expect(await search(viewer, space, 'alpha')).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  })

  test('finds what is in that space, and nothing of another space or tenant', async () => {
    const [first, second] = [await app.seed.space(), await app.seed.space()]
    const sibling = await app.seed.space({ id: first.organizationId, owner: first.owner })
    const threads = [
      await embedThread(app, first, TEXTS),
      await embedThread(app, second, TEXTS),
      await embedThread(app, sibling, TEXTS),
    ]

    for (const [index, space] of [first, second, sibling].entries()) {
      const hits = await found(space.owner, space, 'alpha', { first: 100 })
      expect(hits).toHaveLength(TEXTS.length)
      expect(threadsOf(hits)).toEqual(new Set([threads[index]?.id]))
    }
  })
})

describe('a thread that is deleted', () => {
  test('is found no more from then on, and again at once when it is restored', async () => {
    const space = await app.seed.space()
    const kept = await embedThread(app, space, ['alpha bravo'])
    const hidden = await embedThread(app, space, ['alpha', 'alpha alpha', 'alpha charlie'])
    const findThreads = async (first?: number) =>
      threadsOf(await found(space.owner, space, 'alpha', { mode: 'SEMANTIC', first }))
    expect(await findThreads(1)).toEqual(new Set([hidden.id]))

    await space.owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })
    expect(await findThreads(1)).toEqual(new Set([kept.id]))
    expect(await findThreads()).toEqual(new Set([kept.id]))

    await space.owner.must('RestoreThread', { threadId: hidden.id })
    expect(await findThreads()).toEqual(new Set([kept.id, hidden.id]))

    await space.owner.must('DeleteThread', { threadId: hidden.id })
    expect(await findThreads()).toEqual(new Set([kept.id]))

    await space.owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: kept.id })
    expect(await findThreads()).toEqual(new Set())
  })
})

describe('the embedder', () => {
  test('that is away makes a search by meaning SERVICE_UNAVAILABLE, and the next one works', async () => {
    const space = await app.seed.space()
    await embedThread(app, space, ['alpha'])
    const failure = { code: 'SERVICE_UNAVAILABLE', status: 503, systemMessage: 'Embedder unavailable' }

    for (const status of [500, 503, 429, 401]) {
      app.embedder.failNext(status)
      expect(await search(space.owner, space, 'alpha', { mode: 'SEMANTIC' })).toFailWith(failure)
    }

    expect(await found(space.owner, space, 'alpha')).toHaveLength(1)
  })

  test('that refuses a query makes it a VALIDATION_ERROR', async () => {
    const space = await app.seed.space()
    app.embedder.failNext(400)

    const systemMessage = 'Invalid query. The embedder refused it.'
    expect(await search(space.owner, space, 'alpha')).toFailWith({ ...INVALID, systemMessage })
  })

  test('is not asked for a query that may not be made', async () => {
    const space = await app.seed.space()
    const stranger = await app.seed.user()
    const calls = app.embedder.calls.length

    await search(stranger, space, 'alpha')
    await search(space.owner, space, '')

    expect(app.embedder.calls).toHaveLength(calls)
  })
})
