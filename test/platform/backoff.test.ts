import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, retryAfterMs } from '../../src/platform/workers/backoff.js'

const HOUR_MS = 3_600_000

const backoffs = fc.record({
  baseMs: fc.integer({ min: 1, max: 10_000 }),
  maxMs: fc.integer({ min: 1, max: HOUR_MS }),
  factor: fc.option(fc.integer({ min: 2, max: 5 }), { nil: undefined }),
})
const attempts = fc.integer({ min: 1, max: 2_000 })
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const last = () => 1

describe('a wait', () => {
  test('is a whole number from nothing to its longest', () => {
    fc.assert(
      fc.property(attempts, backoffs, chances, (attempt, backoff, chance) => {
        const wait = backoffMs(attempt, backoff, () => chance)
        expect(wait).toSatisfy(Number.isSafeInteger)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(backoff.maxMs)
        expect(wait).toBeLessThanOrEqual(backoffMs(attempt, backoff, last))
      }),
    )
  })

  test('is spread evenly: a share of the longest', () => {
    fc.assert(
      fc.property(attempts, backoffs, chances, (attempt, backoff, chance) => {
        const wait = backoffMs(attempt, backoff, () => chance)
        expect(Math.abs(wait - chance * backoffMs(attempt, backoff, last))).toBeLessThanOrEqual(0.5)
      }),
    )
  })

  test('may be longer after each failure, until it is the longest of all', () => {
    fc.assert(
      fc.property(attempts, backoffs, (attempt, backoff) => {
        const [now, next] = [backoffMs(attempt, backoff, last), backoffMs(attempt + 1, backoff, last)]
        expect(next).toBe(Math.min(backoff.maxMs, now * (backoff.factor ?? 2)))
      }),
    )
  })

  test('is at most the base after the first failure', () => {
    expect(backoffMs(1, { baseMs: 1_000, maxMs: HOUR_MS }, last)).toBe(1_000)
    expect(backoffMs(3, { baseMs: 1_000, maxMs: HOUR_MS, factor: 3 }, last)).toBe(9_000)
  })

  test('differs from one time to the next', () => {
    const waits = Array.from({ length: 20 }, () => backoffMs(5, { baseMs: 10_000, maxMs: HOUR_MS }))
    expect(new Set(waits).size).toBeGreaterThan(1)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')

  test.each([
    [null, null],
    ['12', 12_000],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
    ['86400', HOUR_MS],
    ['soon', null],
  ])('%j is %s milliseconds', (header, milliseconds) => {
    expect(retryAfterMs(header, now)).toBe(milliseconds)
  })
})
