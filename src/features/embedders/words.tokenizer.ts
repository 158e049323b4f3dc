/** What the built-in embedder takes for a word, and for the pieces of a word that it does not know. */

/**
 * The words of a text in any script, lower-case, in order. Single letters and contractions ("don't", "it's") are left
 * out: they carry no topic, and the vocabulary knows their halves only as other words ("don").
 */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [match] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
    if (!match.includes("'") && !match.includes('’')) {
      if (match.length > 1 || !SINGLE_LETTER.test(match)) words.push(match)
    } else if (!NEGATION.test(match)) {
      words.push(...match.split(APOSTROPHE).filter((part) => part.length > 2))
    }
  }
  return words
}

/** Hashes of the word itself and of each two and three neighbouring characters, its edges included. */
export function characterGrams(word: string): number[] {
  const characters = ['\u0002', ...word, '\u0003']
  const grams = [hashOf(word)]
  for (let index = 0; index + 1 < characters.length; index++) {
    const pair = `${characters[index]}${characters[index + 1]}`
    grams.push(hashOf(pair))
    if (index + 2 < characters.length) grams.push(hashOf(pair + characters[index + 2]))
  }
  return grams
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu
const APOSTROPHE = /['’]/
const NEGATION = /n['’]t$/
const SINGLE_LETTER = /^[a-z]$/

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
