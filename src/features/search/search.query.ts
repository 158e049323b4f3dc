import { requireText } from '../../platform/validate.js'

const MAX_QUERY = 2_000
const MAX_TERMS = 64

/** Scripts written without spaces: `search_words` treats each character as a word, and so does a query. */
const UNSPACED = /[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}]+/gu
const WORD = /[\p{L}\p{M}\p{N}]+/gu

/** A query, parsed for each kind of search. */
export interface SearchQuery {
  readonly text: string
  /** for `websearch_to_tsquery`: all of its words, "a phrase", or, -not */
  readonly syntax: string
  /** each for `phraseto_tsquery`: a message must contain some of them */
  readonly terms: readonly string[]
}

export function readQuery(value: string): SearchQuery {
  const text = requireText('query', value, 1, MAX_QUERY)
  return { text, syntax: withPhrases(text), terms: termsOf(text) }
}

/** Words that a snippet highlights, in lower case. */
export function markedWords({ text }: SearchQuery): string[] {
  const wanted = text.replace(/(?<=^|\s)-(?:"[^"]*"?|\S+)/g, ' ').toLowerCase()
  const spaced = wanted.replace(UNSPACED, ' ').match(WORD) ?? []
  return [...new Set([...spaced, ...(wanted.match(UNSPACED) ?? []).flatMap(pairs)])]
}

/** A run of characters without spaces becomes a phrase, unless it is quoted and therefore part of one. */
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

/** Pairs of characters discriminate better than single ones, and most words have two. */
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
