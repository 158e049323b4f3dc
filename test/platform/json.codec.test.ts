import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeJson, encodeJson } from '../../src/platform/idempotency/json.codec.js'

/** Stored as JSON and read again. */
const roundTrip = (value: unknown) => decodeJson(JSON.parse(encodeJson(value)))

const NAMES = fc.oneof(
  fc.constantFrom(
    '$time',
    '$integer',
    '$$time',
    '$$integer',
    '$',
    '$$',
    '',
    '__proto__',
    'toJSON',
    'constructor',
  ),
  fc.string().map((name) => `$${name}`),
  fc.string(),
)
const LEAVES = fc.oneof(
  fc.string(),
  fc.integer(),
  // JSON has no negative zero.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.boolean(),
  fc.constant(null),
)

function valuesOf(leaves: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaves,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(NAMES, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    ),
  })).value
}

test('a user’s JSON comes back to the byte, whatever its names are', () => {
  fc.assert(
    fc.property(valuesOf(LEAVES), (value) => {
      expect(JSON.stringify(roundTrip(value))).toBe(JSON.stringify(value))
    }),
    { numRuns: 2_000 },
  )
})

test('times and large integers come back as what they were, among any names', () => {
  const times = fc.date({ noInvalidDate: true })
  fc.assert(
    fc.property(valuesOf(fc.oneof(LEAVES, times, fc.bigInt())), (value) => {
      expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test('two values that differ are never stored alike', () => {
  const lookalikes = [
    { $time: '2026-01-01T00:00:00.000Z' },
    new Date('2026-01-01T00:00:00.000Z'),
    { $$time: '2026-01-01T00:00:00.000Z' },
    { $integer: '1' },
    1n,
    { $$integer: '1' },
    '1',
    1,
  ]
  expect(new Set(lookalikes.map(encodeJson)).size).toBe(lookalikes.length)
})
