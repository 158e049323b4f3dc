import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectInvariants } from '../../support/invariants.js'
import type { SeededSpace } from '../../support/seed.js'
import { byText, embedThread, found, foundByWords, markedIn, search, searched } from './search.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

async function spaceWith(...messages: string[]): Promise<SeededSpace> {
  const space = await app.seed.space()
  await embedThread(app, space, messages)
  return space
}

describe('a search by words', () => {
  test('finds what has all of them, a phrase, one or the other, and not what is excluded', async () => {
    const space = await spaceWith(
      'red wine and bread',
      'bread and red paint',
      'white wine',
      'RED Wine, again',
    )

    expect((await foundByWords(space, 'red wine')).toSorted(byText)).toEqual([
      'RED Wine, again',
      'red wine and bread',
    ])
    expect(await foundByWords(space, '"and red"')).toEqual(['bread and red paint'])
    expect((await foundByWords(space, 'paint or white')).toSorted(byText)).toEqual([
      'bread and red paint',
      'white wine',
    ])
    expect(await foundByWords(space, 'wine -red')).toEqual(['white wine'])
    expect(await foundByWords(space, 'wines')).toEqual([])
  })

  test('puts what is nearly nothing else first, and scores from 0 to 1', async () => {
    const space = await spaceWith(`wine ${'and other things '.repeat(50)}`, 'wine and bread', 'wine')

    const hits = await found(space.owner, space, 'wine', { mode: 'KEYWORD' })

    expect(hits.map(({ node }) => node.content.length)).toEqual([4, 14, 855])
    const scores = hits.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    for (const hit of hits) {
      expect(hit.score).toBeGreaterThan(0)
      expect(hit.score).toBeLessThan(1)
      expect(hit.similarity).toBeNull()
    }
  })

  test('asks no embedder, and finds a message that is not embedded yet', async () => {
    const space = await spaceWith('wine')
    const calls = app.embedder.calls.length
    app.embedder.pause()
    const thread = await app.seed.thread({
      organization: { ...space, id: space.organizationId },
      messages: ['wine jar'],
    })
    const backfillId = await app.seed.link(space, thread)

    expect(await searched(space.owner, space, 'jar', { mode: 'KEYWORD' })).toMatchObject({
      mode: 'KEYWORD',
      warnings: [],
      edges: [{ node: { content: 'wine jar' } }],
    })
    expect(app.embedder.calls.slice(calls).flat()).not.toContain('jar')
    app.embedder.resume()
    await app.seed.embedded(space.owner, backfillId)
  })

  test('finds words of every script, and unspaced letters beside each other as they are asked for', async () => {
    const texts = [
      'naïve Café',
      'привет, мир',
      '机器学习很有趣',
      '日本語を勉強する',
      '한국어를 배운다',
      'GPT模型 released 😀',
    ]
    const space = await spaceWith(...texts)

    for (const [query, index] of [
      ['café', 0],
      ['ПРИВЕТ', 1],
      ['学习', 2],
      ['"机器 学习"', 2],
      ['勉強', 3],
      ['한국어', 4],
      ['gpt 模型', 5],
      ['模型 -公司', 5],
    ] as const) {
      expect(await foundByWords(space, query), query).toEqual([texts[index]])
    }
    expect(await foundByWords(space, '习学')).toEqual([])
    expect(await foundByWords(space, '学习 -机器')).toEqual([])
    // Accents are letters: a word is found as it is written.
    expect(await foundByWords(space, 'cafe')).toEqual([])
  })

  test('takes anything for a query, and finds nothing where it has no words', async () => {
    const space = await spaceWith("it's the drop of table", 'the')

    for (const query of ["'; drop", '!!!', ':*', '😀', '"', '-the', '-', '& | ! <->', '()', '\\', "''", '%'])
      for (const mode of ['KEYWORD', 'HYBRID', 'SEMANTIC'] as const) {
        const reply = await search(space.owner, space, query, { mode })
        expect(reply.errors, `${mode} ${query}`).toBeUndefined()
      }
    for (const query of ['!!!', ':*', '😀', '-the', '()', '%']) {
      expect(await foundByWords(space, query), query).toEqual([])
    }
    expect(await foundByWords(space, "'; drop")).toEqual(["it's the drop of table"])
    expect(await foundByWords(space, 'the')).toHaveLength(2)
  })

  test('finds a message of a million characters by its beginning, and no append fails for its words', async () => {
    const letters = Array.from({ length: 65_000 }, (_, index) => String.fromCodePoint(0x20000 + index)).join(
      '',
    )
    const bold = (index: number) => String.fromCodePoint(0x1d400 + (index % 600))
    const joined = Array.from({ length: 40_000 }, (_, index) => `${bold(index)}-${bold(index >> 6)}`).join(
      ' ',
    )
    const distinct = Array.from({ length: 180_000 }, (_, index) => index.toString(36)).join(' ')
    const paths = Array.from({ length: 60_000 }, (_, index) => `a.bc/${index}`).join(' ')
    const texts = [letters, joined, distinct, paths, 'x'.repeat(1_000_000)].map((text) => `first ${text}`)
    const thread = await app.seed.thread()
    for (const text of texts) await app.seed.messages(thread, [text])
    const space = await app.seed.space({ id: thread.organizationId, owner: thread.owner })
    await space.owner.must('AddThreadToSpace', { spaceId: space.id, threadId: thread.id })

    const { edges } = await space.owner
      .must(
        `query ($id: ID!) { searchSpace(spaceId: $id, query: "first", mode: KEYWORD) { edges { node { id } } } }`,
        { id: space.id },
      )
      .then(({ searchSpace }) => searchSpace)

    expect(edges).toHaveLength(texts.length)
    await space.owner.must('DeleteSpace', { spaceId: space.id })
  })

  test('whatever is said, finds only messages that have the word', async () => {
    const words = fc.constantFrom(
      'tea',
      'Tea',
      'teapot',
      'milk',
      'mi-lk',
      'tea,',
      '茶',
      '',
      'te a',
      '"tea"',
      '😀',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(words, { maxLength: 5 }), { minLength: 1, maxLength: 6 }),
        async (said) => {
          const texts = said.map((parts) => parts.join(' '))
          const space = await app.seed.space()
          const thread = await app.seed.thread({
            organization: { ...space, id: space.organizationId },
            messages: texts,
          })
          await app.seed.embedded(space.owner, await app.seed.link(space, thread))
          const withTea = texts.filter((text) => /(?<![\p{L}\p{N}])tea(?![\p{L}\p{N}])/iu.test(text))
          expect((await foundByWords(space, 'tea')).toSorted(byText)).toEqual(withTea.toSorted(byText))
          const withTeaAndMilk = withTea.filter((text) => /\bmilk\b/.test(text))
          expect((await foundByWords(space, 'tea milk')).toSorted(byText)).toEqual(
            withTeaAndMilk.toSorted(byText),
          )
        },
      ),
      { numRuns: 15 },
    )
  })
})

describe('a snippet', () => {
  test('is the part around the first word, on one line, with the words marked', async () => {
    const space = await spaceWith(
      `${'Some words before. '.repeat(40)}\n\nThe <b>Walrus</b>\tspoke. ${'And after. '.repeat(40)}`,
    )

    const [hit] = await found(space.owner, space, 'walrus spoke', { mode: 'KEYWORD' })

    expect(hit?.snippet.text).toContain('before. The <b>Walrus</b> spoke. And after.')
    expect(hit?.snippet.text.length).toBeLessThanOrEqual(200)
    expect(hit && markedIn(hit)).toEqual(['Walrus', 'spoke'])
  })

  test('of a hit by meaning alone is the beginning of the piece that is nearest', async () => {
    const space = await spaceWith(`${'alpha bravo. '.repeat(150)}${'zulu yankee. '.repeat(150)}`)
    const { edges } = await searched(space.owner, space, 'zulu yankee', { mode: 'SEMANTIC' })

    expect(edges[0].snippet.text).toContain('zulu yankee')
    const [unmarked] = await found(space.owner, space, 'nothing of it', { mode: 'SEMANTIC' })
    expect(unmarked?.snippet.text).toMatch(/^(alpha|bravo|zulu|yankee)/)
    expect(unmarked?.snippet.text.length).toBeLessThanOrEqual(200)
    expect(unmarked?.snippet.highlights).toEqual([])
  })
})
