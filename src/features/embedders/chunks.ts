import { wholeCharacter } from '../../platform/text.js'

/** Cuts a text into pieces that an embedding model takes whole. */

const CHUNK_CHARACTERS = 1500

/** A text of a megabyte is cut into larger pieces, so that one message never makes more than about 750 vectors. */
const MOST_FULL_CHUNKS = 500

const OVERLAP = 0.1
const CUT_FROM = 0.75

/**
 * No chunk for a text without a visible character, one for a text up to 1,500 characters. A longer one is cut where a
 * paragraph, else a sentence, else a word ends in the last quarter of a chunk; each chunk begins with the end of the one
 * before it. Together they hold every character but white space.
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

/** Each expression matches up to where a chunk may end. Every one looks at a bounded number of characters at a place. */
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
