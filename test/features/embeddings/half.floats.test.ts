import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeHalfVector, encodeHalfVectorArray } from '../../../src/features/embeddings/half.floats.js'
import { type HalfvecDatabase, openPglite, openPostgres } from './halfvec.database.js'

const url = process.env.TEST_DATABASE_URL
const databases: [string, () => Promise<HalfvecDatabase>][] = [['PGlite', openPglite]]
if (url) databases.push(['PostgreSQL', () => openPostgres(url)])

const OID = 70_000
const LARGEST = 65_504
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -LARGEST, max: LARGEST })
const vectors = fc.array(
  fc.option(
    fc.float32Array({
      noNaN: true,
      noDefaultInfinity: true,
      min: -LARGEST,
      max: LARGEST,
      minLength: 1,
      maxLength: 20,
    }),
  ),
  { maxLength: 20 },
)

/** The half that one component is written as. */
function half(component: number): number {
  return encodeHalfVector(Float32Array.of(component)).readUInt16BE(4)
}

/** Independent of the encoder: IEEE 754 binary16 read by its definition. */
function numberOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 31
  const mantissa = bits & 1023
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25))
}

describe('a half-float', () => {
  test('that is one already keeps its bits', () => {
    for (let bits = 0; bits <= 0x7bff; bits++) {
      expect(half(numberOf(bits))).toBe(bits)
      expect(half(-numberOf(bits))).toBe(bits | 0x8000)
    }
  })

  test('between two is the nearest, and the even one of two as near', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (numberOf(bits) + numberOf(bits + 1)) / 2
      const step = numberOf(bits + 1) - numberOf(bits)
      expect(half(middle)).toBe(bits + (bits & 1))
      expect(half(middle - step / 8)).toBe(bits)
      expect(half(middle + step / 8)).toBe(bits + 1)
    }
  })

  test('is never nearer to another one', () => {
    fc.assert(
      fc.property(finite, (component) => {
        const bits = half(component)
        const error = Math.abs(numberOf(bits) - component)
        for (const neighbour of [bits - 1, bits + 1]) {
          const isHalf = (neighbour & 0x7fff) <= 0x7bff && (neighbour & 0x8000) === (bits & 0x8000)
          if (isHalf) expect(error).toBeLessThanOrEqual(Math.abs(numberOf(neighbour) - component))
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('of what rounds to the largest one is that', () => {
    expect(half(65_519)).toBe(0x7bff)
    expect(half(-65_519)).toBe(0xfbff)
  })

  test.each([65_520, 1e9, Number.POSITIVE_INFINITY, Number.NaN])('of %d does not exist', (component) => {
    for (const each of [component, -component]) {
      expect(() => half(each)).toThrow('A vector must hold finite half-floats.')
    }
  })

  test('is written from a part of a larger buffer, too', () => {
    const part = Float32Array.of(9, 1, 2, 9).subarray(1, 3)
    expect(encodeHalfVector(part)).toEqual(encodeHalfVector(Float32Array.of(1, 2)))
  })
})

test('an array has its header, a length before each vector, and -1 for NULL', () => {
  const encoded = encodeHalfVectorArray([Float32Array.of(1, -2), null], OID)

  expect(encoded.toString('hex')).toBe(
    [
      '00000001',
      '00000001',
      '00011170',
      '00000002',
      '00000001',
      '00000008',
      '0002',
      '0000',
      '3c00',
      'c000',
      'ffffffff',
    ].join(''),
  )
})

describe.each(databases)('%s', (_, open) => {
  let database: HalfvecDatabase

  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())

  test('reads the same array as from its text', async () => {
    await fc.assert(
      fc.asyncProperty(vectors, async (list) => {
        const texts = list.map((item) => item && `[${item.join(',')}]`)
        expect(await database.sameArray(encodeHalfVectorArray(list, database.oid), texts)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('reads the same vector as from its text', async () => {
    const vector = Float32Array.from({ length: 1536 }, (_, index) => Math.sin(index) / 40)
    expect(await database.sameVector(encodeHalfVector(vector), `[${vector.join(',')}]`)).toBe(true)
  })
})
