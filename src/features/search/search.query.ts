import { requireText } from '../../platform/validate.js'

const MAX_QUERY = 2_000
const MAX_TERMS = 64

/** Letters that stand without spaces between words: `search_words` makes a word of each, and so does a query. */
const UNSPACED = /[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}]+/gu
const WORD = /[\p{L}\p{M}\p{N}]+/gu

/** A query, read in each of the ways in which it is searched for. */
export interface SearchQuery {
  readonly text: string
  /** for `websearch_to_tsquery`: all of its words, "a phrase", or, -not */
  readonly syntax: string
  /** each for `phraseto_tsquery`: a message is found by some of them */
  readonly terms: readonly string[]
}

export function readQuery(value: string): SearchQuery {
  const text = requireText('query', value, 1, MAX_QUERY)
  return { text, syntax: withPhrases(text), terms: termsOf(text) }
}

/** What a snippet marks: the words that are looked for, in small letters. */
export function markedWords({ text }: SearchQuery): string[] {
  const wanted = text.replace(/(?<=^|\s)-(?:"[^"]*"?|\S+)/g, ' ').toLowerCase()
  const spaced = wanted.replace(UNSPACED, ' ').match(WORD) ?? []
  return [...new Set([...spaced, ...(wanted.match(UNSPACED) ?? []).flatMap(pairs)])]
}

/** A run of unspaced letters is a phrase of them. Within quotes it is part of one already. */
function withPhrases(text: string): string {
  return text
    .split('"')
    .map((part, index) =>
      index % 2 === 1 ? part.replace(UNSPACED, spaced) : part.replace(UNSPACED, (run) => `"${spaced(run)}" `),
    )
    .join('"')
}

function termsOf(text: string): string[] {
  const runs = text.match(UNSPACED) ?? []
  const words = text.toLowerCase().replace(UNSPACED, ' ').split(/\s+/)
  const terms = new Set([...words, ...runs.flatMap((run) => pairs(run).map(spaced))])
  terms.delete('')
  return [...terms].slice(0, MAX_TERMS)
}

/** Two letters beside each other tell more than one, and most words have two. */
function pairs(run: string): string[] {
  const letters = [...run]
  if (letters.length < 2) return letters
  return letters.slice(1).map((letter, index) => `${letters[index]}${letter}`)
}

function spaced(run: string): string {
  return [...run].join(' ')
}

export function isUnspaced(word: string): boolean {
  return word.search(UNSPACED) === 0
}
