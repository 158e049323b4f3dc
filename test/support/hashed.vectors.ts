/** A vector of length 1 that depends on the text alone: texts that share words are near one another. */
export function hashedVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]
  for (const word of words) {
    const hash = hashOf(word)
    const index = hash % dimensions
    vector[index] = (vector[index] ?? 0) + ((hash >>> 16) & 1 ? 1 : -1)
  }
  // Two words may cancel each other out.
  if (vector.every((component) => component === 0)) vector[0] = 1
  const length = Math.hypot(...vector)
  return vector.map((component) => component / length)
}

/** The same with every component set, as real models give them: a word is a direction of its own. */
export function denseVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    let state = hashOf(word)
    for (let index = 0; index < dimensions; index++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      vector[index] = (vector[index] ?? 0) + state / 2 ** 31 - 1
    }
  }
  const length = Math.hypot(...vector)
  return vector.map((component) => component / length)
}

export function cosine(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, component, index) => sum + component * (right[index] ?? 0), 0)
}

function hashOf(word: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < word.length; index++)
    hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
