/**
 * pgvector's `halfvec` in PostgreSQL's binary wire form, alone and as an array. Values as text would be nine times slower.
 * All numbers are big-endian: an element is an int32 length, a uint16 dimension, a uint16 0 and its half-floats.
 */

const VECTOR_HEADER_BYTES = 4
const ARRAY_HEADER_BYTES = 20
const NULL_LENGTH = -1

/** A `halfvec[]`; null stands for an SQL NULL. The type's OID differs from database to database. */
export function encodeHalfVectorArray(vectors: readonly (Float32Array | null)[], elementOid: number): Buffer {
  const dimensions = vectors.length === 0 ? 0 : 1
  const bytes = vectors.reduce((sum, vector) => sum + 4 + (vector ? vectorBytes(vector) : 0), 0)
  const buffer = Buffer.allocUnsafe(dimensions === 0 ? 12 : ARRAY_HEADER_BYTES + bytes)
  buffer.writeInt32BE(dimensions, 0)
  buffer.writeInt32BE(vectors.includes(null) ? 1 : 0, 4)
  buffer.writeUInt32BE(elementOid, 8)
  if (dimensions === 0) return buffer

  buffer.writeInt32BE(vectors.length, 12)
  buffer.writeInt32BE(1, 16)
  let offset = ARRAY_HEADER_BYTES
  for (const vector of vectors) {
    offset = buffer.writeInt32BE(vector ? vectorBytes(vector) : NULL_LENGTH, offset)
    if (vector) offset = writeVector(buffer, vector, offset)
  }
  return buffer
}

/** A `halfvec`. */
export function encodeHalfVector(vector: Float32Array): Buffer {
  const buffer = Buffer.allocUnsafe(vectorBytes(vector))
  writeVector(buffer, vector, 0)
  return buffer
}

function vectorBytes(vector: Float32Array): number {
  return VECTOR_HEADER_BYTES + 2 * vector.length
}

function writeVector(buffer: Buffer, vector: Float32Array, start: number): number {
  let offset = buffer.writeUInt16BE(vector.length, start)
  offset = buffer.writeUInt16BE(0, offset)
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
  for (const float of bits) {
    const half = toHalf(float)
    buffer[offset++] = half >>> 8
    buffer[offset++] = half & 0xff
  }
  return offset
}

const SIGN = 0x8000_0000
/** as float bits: 65520, from which on the nearest half is infinity, and 2^-14, the smallest half that is not subnormal */
const OVERFLOW = 0x477f_f000
const SMALLEST_NORMAL = 0x3880_0000
/** what the exponents' biases, 127 and 15, differ by, in place */
const REBIAS = (127 - 15) << 23

/** The bits of a float as the bits of the nearest half, ties to even. An infinity, NaN and what is too large have none. */
function toHalf(float: number): number {
  const sign = (float & SIGN) >>> 16
  const magnitude = (float & ~SIGN) >>> 0
  if (magnitude >= OVERFLOW) throw new RangeError('A vector must hold finite half-floats.')
  if (magnitude < SMALLEST_NORMAL) return sign | toSubnormal(magnitude)
  // The carry of the rounding may run on into the exponent: the next power of two has exactly those bits.
  const tie = (magnitude >>> 13) & 1
  return sign | ((magnitude - REBIAS + 0xfff + tie) >>> 13)
}

/** Below 2^-14 a half counts steps of 2^-24: the mantissa shifted to that place, ties to even. */
function toSubnormal(magnitude: number): number {
  const exponent = magnitude >>> 23
  const shift = 126 - exponent
  if (shift > 24) return 0
  const mantissa = (magnitude & 0x7f_ffff) | 0x80_0000
  const half = mantissa >>> shift
  const rest = mantissa - half * 2 ** shift
  const middle = 2 ** (shift - 1)
  return rest > middle || (rest === middle && (half & 1) === 1) ? half + 1 : half
}
