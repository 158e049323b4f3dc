import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { BuiltinEmbedder } from '../../../src/features/embedders/builtin.embedder.js'
import { cosine } from '../../support/hashed.vectors.js'
import { OTHER_MESSAGES, PARAPHRASES } from './paraphrases.fixture.js'

const embedder = new BuiltinEmbedder()
const { signal } = new AbortController()

afterAll(() => embedder.close())

async function similarity(left: string, right: string): Promise<number> {
  const [first, second] = await embedder.embed([left, right], signal)
  if (!first || !second) throw new Error('There is a vector for each text.')
  return cosine(first, second)
}

describe('the built-in embedder', () => {
  test('a paraphrase is nearer than a text about something else', async () => {
    const paraphrase = await similarity('cancel my flight', 'I want to call off my plane reservation')
    const other = await similarity('cancel my flight', 'Bees pollinate the apple trees in spring')

    expect(paraphrase).toBeGreaterThan(other + 0.3)
  })

  test('a question finds its paraphrase among ninety messages: nine times in ten in the first five', async () => {
    const questions = await embedder.embed(
      PARAPHRASES.map(([question]) => question),
      signal,
    )
    const messages = await embedder.embed(
      [...PARAPHRASES.map(([, message]) => message), ...OTHER_MESSAGES],
      signal,
    )

    const ranks = questions.map((question, answer) => {
      const scores = messages.map((message) => cosine(question, message))
      return scores.filter((score) => score > (scores[answer] ?? 0)).length
    })

    expect(ranks.filter((rank) => rank < 5).length).toBeGreaterThanOrEqual(PARAPHRASES.length * 0.9)
    expect(ranks.filter((rank) => rank === 0).length).toBeGreaterThanOrEqual(PARAPHRASES.length * 0.8)
  })

  test('there is a vector of length 1 for any text whatever, always the same one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { minLength: 1 }),
        async (texts) => {
          const vectors = await embedder.embed(texts, signal)
          expect(vectors).toHaveLength(texts.length)
          for (const vector of vectors) {
            expect(vector).toHaveLength(embedder.dimensions)
            expect(cosine(vector, vector)).toBeCloseTo(1, 4)
          }
          expect(await embedder.embed(texts, signal)).toEqual(vectors)
        },
      ),
      { numRuns: 50 },
    )
  })

  test.each([
    ['a word that is not known', 'zorblaxian', 'zorblaxians', 'quuxfrob'],
    ['another script', '取消我的航班', '我想取消航班', '今天天气很好'],
    ['an identifier', 'ERR_48213', 'error ERR_48213 again', 'error ERR_99776 again'],
    ['symbols', '!!!', '!!', '🙂'],
  ])('%s is found by its characters', async (_, text, near, far) => {
    expect(await similarity(text, near)).toBeGreaterThan(await similarity(text, far))
  })

  test('letter case, plural and accents do not matter', async () => {
    expect(await similarity('CHÉCKLISTS', 'checklist')).toBeGreaterThan(0.99)
  })

  test('no texts are no vectors', async () => {
    expect(await embedder.embed([], signal)).toEqual([])
  })

  test('a call that is given up ends with the reason of its signal, and the next one is answered', async () => {
    const controller = new AbortController()
    const call = embedder.embed(['hello there'], controller.signal)
    controller.abort(new Error('given up'))

    await expect(call).rejects.toThrow('given up')
    await expect(embedder.embed(['hello'], controller.signal)).rejects.toThrow('given up')
    expect(await embedder.embed(['hello there'], signal)).toHaveLength(1)
  })

  test('closing ends calls in flight, and refuses later ones', async () => {
    const closing = new BuiltinEmbedder()
    const call = closing.embed(['hello'], signal)
    const ended = expect(call).rejects.toThrow('The embedder is closed.')
    await closing.close()

    await ended
    await expect(closing.embed(['hello'], signal)).rejects.toThrow('The embedder is closed.')
  })
})
