import { characterGrams, wordsOf } from './words.tokenizer.js'

/**
 * The word vectors of assets/word-vectors.bin and the one rule that makes a text's vector of them: the mean of its
 * words, weighted by smooth inverse frequency (Arora et al., "A Simple but Tough-to-Beat Baseline", 2017).
 *
 * The file, little-endian: "HWV1", uint32 words, uint32 dimensions, uint32 bytes of the word list; the words, most
 * frequent first, one a line; a float32 scale a word; the int8 components, word after word.
 */
export class WordVectors {
  private constructor(
    readonly dimensions: number,
    private readonly ranks: ReadonlyMap<string, number>,
    private readonly components: Int8Array,
    /** scale and weight of each word, multiplied once */
    private readonly factors: Float32Array,
  ) {}

  static parse(file: Buffer): WordVectors {
    if (file.toString('latin1', 0, 4) !== 'HWV1')
      throw new Error('The word vector file has an unknown format.')
    const count = file.readUInt32LE(4)
    const dimensions = file.readUInt32LE(8)
    const scalesAt = HEADER_BYTES + file.readUInt32LE(12)
    const componentsAt = scalesAt + 4 * count
    if (file.length !== componentsAt + count * dimensions)
      throw new Error('The word vector file is cut short.')

    const words = file.toString('utf8', HEADER_BYTES, scalesAt).split('\n')
    const ranks = new Map(words.map((word, rank) => [word, rank]))
    const factors = new Float32Array(count)
    for (let rank = 0; rank < count; rank++) {
      factors[rank] = file.readFloatLE(scalesAt + 4 * rank) * inverseFrequency(rank)
    }
    const components = new Int8Array(file.buffer, file.byteOffset + componentsAt, count * dimensions)
    return new WordVectors(dimensions, ranks, components, factors)
  }

  /** Of length 1 and never all zeros: a text without known words is represented by its characters. */
  embed(text: string): Float32Array {
    const sum = new Float64Array(this.dimensions)
    for (const word of wordsOf(text)) {
      const rank = this.rankOf(word)
      if (rank === undefined) this.addUnknown(sum, word)
      else this.addKnown(sum, rank)
    }
    if (isZero(sum)) this.addUnknown(sum, text.trim())
    if (isZero(sum)) sum[0] = 1
    return normalized(sum)
  }

  private addKnown(sum: Float64Array, rank: number): void {
    const { components, dimensions } = this
    const factor = this.factors[rank] as number
    const start = rank * dimensions
    for (let index = 0; index < dimensions; index++) {
      sum[index] = (sum[index] as number) + (components[start + index] as number) * factor
    }
  }

  /** A name, a number, code, another language: words that share characters still share a direction. */
  private addUnknown(sum: Float64Array, word: string): void {
    const grams = characterGrams(word)
    const step = UNKNOWN_LENGTH / Math.sqrt(Math.max(1, grams.length) * COMPONENTS_A_GRAM)
    for (const gram of grams) {
      let hash = gram
      for (let component = 0; component < COMPONENTS_A_GRAM; component++) {
        hash = scramble(hash)
        const index = (hash >>> 1) % this.dimensions
        sum[index] = (sum[index] as number) + ((hash & 1) === 0 ? step : -step)
      }
    }
  }

  private rankOf(word: string): number | undefined {
    const plain = () => unaccented(word)
    return this.ranks.get(word) ?? this.ranks.get(plain()) ?? this.ranks.get(singular(plain()))
  }
}

const HEADER_BYTES = 16

/** Rarer words have full weight, more frequent ones less and less. */
const SMOOTHING = 3e-4

/** About the length of a rare word's vector. */
const UNKNOWN_LENGTH = 4

const COMPONENTS_A_GRAM = 8

/** a / (a + p), with p by Zipf's law (Mandelbrot's form) over a vocabulary whose harmonic sum is about 10. */
function inverseFrequency(rank: number): number {
  const probability = 1 / (10 * (rank + 2.7))
  return SMOOTHING / (SMOOTHING + probability)
}

function singular(word: string): string {
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return word.length > 3 && word.endsWith('s') ? word.slice(0, -1) : word
}

function unaccented(word: string): string {
  return word.normalize('NFD').replace(/\p{M}+/gu, '')
}

/** One step of a 32-bit mixing function (MurmurHash3's finaliser), so that neighbouring hashes share no component. */
function scramble(hash: number): number {
  let mixed = (hash + 0x9e3779b9) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function isZero(vector: Float64Array): boolean {
  return vector.every((component) => component === 0)
}

function normalized(vector: Float64Array): Float32Array {
  let squares = 0
  for (const component of vector) squares += component * component
  const length = Math.sqrt(squares)
  return Float32Array.from(vector, (component) => component / length)
}
