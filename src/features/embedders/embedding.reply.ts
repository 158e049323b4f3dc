import { z } from 'zod'
import { EmbedderUnavailableError, UnusableAnswerError } from './embedder.js'

/** Reads what an embedding endpoint answered, and believes none of it before it is checked. */

const replyBody = z.object({
  data: z.array(z.object({ index: z.int().optional(), embedding: z.unknown() })),
})

/** The vectors in the order of the texts, each of length 1. */
export function readVectors(reply: string, count: number, dimensions: number): Float32Array[] {
  const parsed = replyBody.safeParse(parse(reply))
  if (!parsed.success)
    throw new EmbedderUnavailableError('The embedding endpoint answered without a list of vectors.')
  const { data } = parsed.data
  if (data.length !== count) {
    throw new UnusableAnswerError(
      `The embedding endpoint answered with ${data.length} vectors for ${count} texts.`,
    )
  }
  const vectors = new Array<Float32Array | undefined>(count)
  for (const [position, { index = position, embedding }] of data.entries()) {
    if (index < 0 || index >= count || vectors[index]) {
      throw new UnusableAnswerError('The embedding endpoint numbered its vectors wrongly.')
    }
    vectors[index] = normalized(componentsOf(embedding, dimensions))
  }
  return vectors as Float32Array[]
}

function parse(reply: string): unknown {
  try {
    return JSON.parse(reply)
  } catch {
    throw new EmbedderUnavailableError('The embedding endpoint answered with something that is not JSON.')
  }
}

const UNKNOWN_FORM = 'The embedding endpoint answered with a vector in an unknown form.'

function componentsOf(embedding: unknown, dimensions: number): Float32Array {
  const components = typeof embedding === 'string' ? decoded(embedding) : embedding
  if (!(components instanceof Float32Array) && !isNumbers(components)) {
    throw new UnusableAnswerError(UNKNOWN_FORM)
  }
  if (components.length !== dimensions) {
    throw new UnusableAnswerError(
      `The embedding endpoint answered with vectors of ${components.length} dimensions instead of ${dimensions}. ` +
        'EMBEDDING_DIMENSIONS must match the model.',
    )
  }
  return Float32Array.from(components)
}

/** `encoding_format: "base64"`: little-endian floats of 32 bits. */
function decoded(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length % 4 !== 0) throw new UnusableAnswerError(UNKNOWN_FORM)
  const components = new Float32Array(bytes.length / 4)
  for (let index = 0; index < components.length; index++) components[index] = bytes.readFloatLE(index * 4)
  return components
}

/** null is no number, though a Float32Array takes it for 0: it is what JSON has for NaN and the infinities. */
function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((component) => typeof component === 'number')
}

function normalized(vector: Float32Array): Float32Array {
  let squares = 0
  for (const component of vector) squares += component * component
  if (!Number.isFinite(squares) || squares === 0) {
    throw new UnusableAnswerError(
      'The embedding endpoint answered with a vector that is not finite, or all zeros.',
    )
  }
  const scale = 1 / Math.sqrt(squares)
  return vector.map((component) => component * scale)
}
