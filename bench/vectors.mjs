// Clustered vectors, as in practice. A text encodes its vector, so that an embedder can be simulated.
const CLUSTERS = 1_000
// Distance of a vector from the center of its cluster; 1 is the distance of the center from the origin.
const SPREAD = 0.7

/** An embedder that answers immediately, with the vector that a text of `textOf` encodes. */
export class PlayedEmbedder {
  constructor({ dimensions, batchSize = 256, concurrency = 4, model = `played-${dimensions}` }) {
    Object.assign(this, { dimensions, batchSize, concurrency, model })
    this.centers = Array.from({ length: CLUSTERS }, (_, index) => gaussian(randomOf(index + 1), dimensions))
  }

  async embed(texts) {
    return texts.map((text) => this.vectorOf(Number(text.slice(text.lastIndexOf(' ') + 1))))
  }

  vectorOf(number) {
    const random = randomOf(number + 1_000_003)
    const center = this.centers[Math.floor(random() * CLUSTERS)]
    const noise = gaussian(random, this.dimensions)
    const vector = Float32Array.from(center, (value, index) => value + SPREAD * noise[index])
    const length = Math.hypot(...vector)
    return vector.map((value) => value / length)
  }

  async close() {}
}

export function textOf(number) {
  return `message number ${number}`
}

function gaussian(random, dimensions) {
  return Float32Array.from({ length: dimensions }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    return radius * Math.cos(2 * Math.PI * random())
  })
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function randomOf(seed) {
  let state = Math.imul(seed, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
