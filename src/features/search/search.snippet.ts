import { cutText } from '../../platform/text.js'
import { chunkText } from '../embedders/chunks.js'
import { isUnspaced } from './search.query.js'

const SNIPPET_CHARACTERS = 200
/** Characters before the first matching word. */
const LEAD_CHARACTERS = 60
/** The limit of `search_words`. */
const SEARCHED_CHARACTERS = 65_536

/** An excerpt of a text with the matching words in it. Positions count UTF-16 code units, as in JavaScript. */
export interface SnippetRecord {
  text: string
  highlights: { start: number; end: number }[]
}

/** The part of a message around the first matching word; without one, the beginning of a chunk. */
export function snippetOf(content: string, words: readonly string[], chunk: number | null): SnippetRecord {
  const wanted = pattern(words)
  const searched = content.slice(0, SEARCHED_CHARACTERS)
  const first = wanted ? searched.search(wanted) : -1
  const text = first >= 0 ? excerpt(content, first) : beginning(chunkText(content)[chunk ?? 0] ?? '')
  return { text, highlights: wanted ? mark(text, wanted) : [] }
}

function excerpt(content: string, first: number): string {
  if (first <= LEAD_CHARACTERS) return beginning(content)
  // Starts at a word boundary, if there is one.
  const lead = content.slice(first - LEAD_CHARACTERS, first)
  const space = lead.search(/\s/)
  return beginning(content.slice(space < 0 ? first : first - LEAD_CHARACTERS + space))
}

/** White space becomes single spaces: a snippet is one line. */
function beginning(text: string): string {
  const line = cutText(text, SNIPPET_CHARACTERS * 4)
    .replace(/\s+/g, ' ')
    .trim()
  if (line.length <= SNIPPET_CHARACTERS) return line
  const cut = cutText(line, SNIPPET_CHARACTERS)
  const space = cut.lastIndexOf(' ')
  return space > SNIPPET_CHARACTERS / 2 ? cut.slice(0, space) : cut
}

function pattern(words: readonly string[]): RegExp | null {
  if (words.length === 0) return null
  // Words contain only letters and digits, so none needs escaping.
  const spaced = words.filter((word) => !isUnspaced(word))
  const unspaced = words.filter(isUnspaced)
  const whole =
    spaced.length > 0 ? [`(?<![\\p{L}\\p{M}\\p{N}])(?:${spaced.join('|')})(?![\\p{L}\\p{M}\\p{N}])`] : []
  return new RegExp([...whole, ...unspaced].join('|'), 'iu')
}

function mark(text: string, wanted: RegExp): { start: number; end: number }[] {
  return [...text.matchAll(new RegExp(wanted.source, 'giu'))].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }))
}
