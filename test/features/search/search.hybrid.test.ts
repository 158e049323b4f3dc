import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { hashedVector } from '../../support/hashed.vectors.js'
import { expectInvariants } from '../../support/invariants.js'
import { byText, contentsOf, embedThread, found, search, searched } from './search.fixture.js'

/** Takes two words for one: what words cannot find is found by meaning. */
class SynonymEmbedder extends FakeEmbedder {
  override async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    await super.embed(texts, signal)
    return texts.map((text) => hashedVector(text.replaceAll('automobile', 'car'), this.dimensions))
  }
}

let app: TestApp<SynonymEmbedder>

beforeAll(async () => {
  app = await startTestApp({ embedder: new SynonymEmbedder() })
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const CAR = ['car', 'the car', 'automobile', 'bicycle', 'the bicycle', 'the train']

describe('a hybrid search', () => {
  test('is what a search is by default: what both find comes before what one finds', async () => {
    const space = await app.seed.space()
    await embedThread(app as unknown as TestApp, space, CAR)

    const { mode, warnings, edges } = await searched(space.owner, space, 'car')

    expect({ mode, warnings }).toEqual({ mode: 'HYBRID', warnings: [] })
    expect(contentsOf(edges).slice(0, 3)).toEqual(['car', 'the car', 'automobile'])
    expect(edges[0].score).toBeCloseTo(1, 10)
    expect(edges[2].score).toBeLessThanOrEqual(0.5)
    const scores = edges.map(({ score }: { score: number }) => score)
    expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a))
    expect(edges[2].similarity).toBeCloseTo(1, 2)
    expect(new Set(contentsOf(edges)).size).toBe(CAR.length)
  })

  test('finds by a question what has only some of its words, and the rare ones tell most', async () => {
    const space = await app.seed.space()
    const noise = Array.from({ length: 30 }, (_, index) => `what is the price of the item number ${index}`)
    await embedThread(app as unknown as TestApp, space, [...noise, 'the zeppelin lands at noon'])
    app.embedder.failNext(503)

    const hits = await found(space.owner, space, 'What is the time of the zeppelin?', { first: 1 })

    expect(contentsOf(hits)).toEqual(['the zeppelin lands at noon'])
    expect(await found(space.owner, space, 'zeppelin?', { mode: 'KEYWORD' })).toHaveLength(1)
    expect(await found(space.owner, space, 'time of the zeppelin', { mode: 'KEYWORD' })).toEqual([])
  })

  test('pages through everything once, in the same order, however small the pages are', async () => {
    const space = await app.seed.space()
    const texts = Array.from({ length: 260 }, (_, index) =>
      index % 3 === 0 ? `car ${index}` : `note about an automobile ${index}`,
    )
    await embedThread(app as unknown as TestApp, space, texts)

    for (const mode of ['HYBRID', 'KEYWORD', 'SEMANTIC'] as const) {
      const query = mode === 'KEYWORD' ? 'car or note' : 'car note'
      const whole: string[] = []
      for (let after: string | undefined; ; ) {
        const { edges, pageInfo } = await searched(space.owner, space, query, { mode, first: 40, after })
        expect(pageInfo.hasPreviousPage).toBe(after !== undefined)
        expect(edges).toHaveLength(Math.min(40, texts.length - whole.length))
        whole.push(...contentsOf(edges))
        expect(pageInfo.hasNextPage).toBe(whole.length < texts.length)
        if (!pageInfo.hasNextPage) break
        after = pageInfo.endCursor
      }
      expect(whole.toSorted(byText), mode).toEqual(texts.toSorted(byText))
      const first = contentsOf(await found(space.owner, space, query, { mode, first: 100 }))
      expect(whole.slice(0, 100), mode).toEqual(first)
    }
  })

  test('goes on after the last hit, whatever came or went before it', async () => {
    const space = await app.seed.space()
    const texts = Array.from({ length: 6 }, (_, index) => `car ${'and more '.repeat(index)}`.trim())
    const thread = await embedThread(app as unknown as TestApp, space, texts)
    const better = await embedThread(app as unknown as TestApp, space, ['the car'])
    const options = { mode: 'KEYWORD', first: 2 } as const
    const { edges, pageInfo } = await searched(space.owner, space, 'car', options)
    expect(contentsOf(edges)).toEqual(['car', 'the car'])

    await space.owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: better.id })
    const gone = await found(space.owner, space, 'car', { ...options, after: edges[0].cursor })
    await embedThread(app as unknown as TestApp, space, ['car'])

    expect(contentsOf(gone)).toEqual(texts.slice(1, 3))
    expect(gone.every(({ node }) => node.thread.id === thread.id)).toBe(true)
    const rest = await found(space.owner, space, 'car', { ...options, after: gone[1]?.cursor })
    expect(contentsOf(rest)).toEqual(texts.slice(3, 5))
    expect(pageInfo.hasNextPage).toBe(true)
  })

  test('has cursors for itself alone', async () => {
    const space = await app.seed.space()
    await embedThread(app as unknown as TestApp, space, CAR)
    const { pageInfo } = await searched(space.owner, space, 'car', { first: 1 })
    const after: string = pageInfo.endCursor
    const failure = { code: 'VALIDATION_ERROR', status: 422 }

    expect(await found(space.owner, space, ' car ', { first: 1, after })).toHaveLength(1)
    expect(await search(space.owner, space, 'bicycle', { after })).toFailWith(failure)
    expect(await search(space.owner, space, 'car', { after, mode: 'SEMANTIC' })).toFailWith(failure)
    expect(await search(space.owner, space, 'car', { after, filter: { roles: ['USER'] } })).toFailWith(
      failure,
    )
    for (const broken of ['', 'x', Buffer.from('["a",1]').toString('base64url'), '😀']) {
      expect(await search(space.owner, space, 'car', { after: broken })).toFailWith(failure)
    }
  })

  test('answers by words, and says so, while the embedder is away', async () => {
    const space = await app.seed.space()
    await embedThread(app as unknown as TestApp, space, CAR)
    app.embedder.failNext(503)

    const { mode, warnings, edges } = await searched(space.owner, space, 'which car')

    expect(mode).toBe('KEYWORD')
    expect(warnings).toEqual([
      'Searched by words only. The embedding provider does not answer. Try again later.',
    ])
    expect(contentsOf(edges)).toEqual(['car', 'the car'])
    expect(edges[0].similarity).toBeNull()
    expect((await searched(space.owner, space, 'which car')).mode).toBe('HYBRID')
  })

  test('answers by words in a space whose model this server does not have, where a search by meaning is a CONFLICT', async () => {
    const space = await app.seed.space()
    await embedThread(app as unknown as TestApp, space, CAR)
    await app.pool.query(`update embedding_store set embedding_model = 'gone@1' where id = $1`, [space.id])

    const { mode, warnings, edges } = await searched(space.owner, space, 'car')

    expect(mode).toBe('KEYWORD')
    expect(warnings).toEqual([expect.stringContaining('The space holds vectors of gone@1')])
    expect(contentsOf(edges)).toEqual(['car', 'the car'])
    const failure = { code: 'CONFLICT', status: 409, systemMessage: 'Embedding model mismatch' }
    expect(await search(space.owner, space, 'car', { mode: 'SEMANTIC' })).toFailWith(failure)
    await app.pool.query('update embedding_store set embedding_model = $2 where id = $1', [
      space.id,
      app.embedder.model,
    ])
  })

  test('takes the whole of a long query', async () => {
    const space = await app.seed.space()
    await embedThread(app as unknown as TestApp, space, ['alpha', 'omega'])
    const query = `${'alpha '.repeat(260)}${'omega '.repeat(70)}`.trim()

    const hits = await found(space.owner, space, query, { mode: 'SEMANTIC' })

    expect(hits.map(({ score }) => score).every((score) => score > 0.3)).toBe(true)
  })
})
