import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkText } from '../../../src/features/embedders/chunks.js'

const MEGABYTE = 1024 * 1024
const PROSE = 'The quick brown fox jumps. '
const MOST_TIMES_PROSE = 50
const LONE_SURROGATE = /\p{Cs}/u
const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.constantFrom('. ', '\n\n', '\n', '。', '😀'.repeat(40), 'x'.repeat(400), ' '.repeat(900)),
  ),
  { maxLength: 600 },
)
const texts = words.map((parts) => parts.join(' '))

describe('chunks of a text', () => {
  test.each(['', ' ', '\n\t \u3000'])('a text without a visible character (%j) has none', (text) => {
    expect(chunkText(text)).toEqual([])
  })

  test('a text up to 1,500 characters is one, without the white space around it', () => {
    const text = 'word '.repeat(300).trim()
    expect(chunkText(`  ${text}\n`)).toEqual([text])
  })

  test('a longer text is cut after a paragraph, else after a sentence, else after a word', () => {
    const paragraph = `${'word '.repeat(260)}first.\n\nsecond starts. ${'word '.repeat(200)}`
    const sentence = `${'word '.repeat(260)}first. Second starts ${'word '.repeat(200)}`
    const word = 'letters '.repeat(400)

    expect(chunkText(paragraph)[0]).toMatch(/first\.$/)
    expect(chunkText(sentence)[0]).toMatch(/first\.$/)
    for (const chunk of chunkText(word)) expect(chunk).toMatch(/^(letters )*letters$/)
  })

  test('neighbours overlap, so that a sentence at a boundary is complete in one of them', () => {
    const chunks = chunkText(Array.from({ length: 1000 }, (_, index) => `word${index}`).join(' '))

    for (const [index, chunk] of chunks.slice(1).entries()) {
      expect(chunks[index]).toContain(chunk.slice(0, chunk.indexOf(' ')))
    }
  })

  test('together they hold every visible character, in order, and none is longer than it may be', () => {
    fc.assert(
      fc.property(texts, (text) => {
        let covered = 0
        for (const chunk of chunkText(text)) {
          expect(chunk).not.toBe('')
          expect(chunk.length).toBeLessThanOrEqual(1500)
          const start = positionOf(chunk, text, covered)
          expect(text.slice(covered, Math.max(covered, start)).trim()).toBe('')
          covered = Math.max(covered, start + chunk.length)
        }
        expect(text.slice(covered).trim()).toBe('')
      }),
      { numRuns: 200 },
    )
  })

  test('a surrogate pair is never divided', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 4000 }), (shift, count) => {
        for (const chunk of chunkText(`${'x'.repeat(shift)}${'😀'.repeat(count)}`)) {
          expect(chunk).not.toMatch(LONE_SURROGATE)
        }
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['one word', 'x'],
    ['emoji', '😀'],
    ['blank lines', 'line\n\n'],
    ['white space', `x${' '.repeat(5000)}`],
    ['full stops', '.'],
  ])('a megabyte of %s makes at most 800, and takes about as long as prose does', (_, unit) => {
    const text = megabyteOf(unit)

    expect(chunkText(text).length).toBeLessThanOrEqual(800)
    expect(processorTimeOf(text)).toBeLessThan(MOST_TIMES_PROSE * processorTimeOf(megabyteOf(PROSE)))
  })
})

const megabyteOf = (unit: string): string => unit.repeat(Math.floor(MEGABYTE / unit.length))

/** What this process takes for it, whatever else the machine does: several times, because its clock is coarse. */
function processorTimeOf(text: string): number {
  const before = process.cpuUsage()
  for (let count = 0; count < 20; count++) chunkText(text)
  return process.cpuUsage(before).user
}

/** Where the chunk starts, overlapping what is covered: the last place that leaves no visible gap. */
function positionOf(chunk: string, text: string, covered: number): number {
  const gapEnd = covered + (text.slice(covered).length - text.slice(covered).trimStart().length)
  const position = text.lastIndexOf(chunk, gapEnd)
  expect(position).toBeGreaterThanOrEqual(0)
  return position
}
