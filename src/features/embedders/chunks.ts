import { wholeCharacter } from '../../platform/text.js'

/** Splits a text into chunks that an embedding model accepts. */

const CHUNK_CHARACTERS = 1500

/** Texts of a megabyte get larger chunks, so that one message never yields more than about 750 vectors. */
const MOST_FULL_CHUNKS = 500

const OVERLAP = 0.1
const CUT_FROM = 0.75

/**
 * No chunk for a text without visible characters, one for a text up to 1,500 characters. Longer texts are split where a
 * paragraph, or else a sentence, or else a word ends in the last quarter of a chunk; each chunk starts with the end of the
 * previous one. Together they contain every character except white space.
 */
export function chunkText(text: string): string[] {
  const whole = text.trim()
  const size = Math.max(CHUNK_CHARACTERS, Math.ceil(whole.length / MOST_FULL_CHUNKS))
  const chunks: string[] = []
  let start = 0
  while (whole.length - start > size) {
    const end = cutBetween(whole, start + Math.floor(size * CUT_FROM), start + size)
    pushVisible(chunks, whole.slice(start, end))
    start = wordStart(whole, end - Math.floor(size * OVERLAP), end)
  }
  pushVisible(chunks, whole.slice(start))
  return chunks
}

function pushVisible(chunks: string[], piece: string): void {
  const chunk = piece.trim()
  if (chunk !== '') chunks.push(chunk)
}

/** The end of the last paragraph in [from, to], else of the last sentence, line or word, else `to`. */
function cutBetween(text: string, from: number, to: number): number {
  const part = text.slice(from, to)
  for (const border of BORDERS) {
    const last = lastEnd(part, border)
    if (last > 0) return from + last
  }
  return wholeCharacter(text, to)
}

/** Each expression matches up to a possible end of a chunk, and examines a bounded number of characters per position. */
const BORDERS: readonly RegExp[] = [/\n[ \t\r]{0,8}\n/g, /[.!?…]["'”’)\]]?\s|[。！？]|\n/g, /\s/g]

function lastEnd(text: string, border: RegExp): number {
  let end = -1
  for (const match of text.matchAll(border)) end = match.index + match[0].length
  return end
}

/** The first start of a word in [from, to), else `from`. */
function wordStart(text: string, from: number, to: number): number {
  const space = text.slice(from, to).search(/\s\S/)
  return space < 0 ? wholeCharacter(text, from) : from + space + 1
}
