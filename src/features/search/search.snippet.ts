import { cutText } from '../../platform/text.js'
import { chunkText } from '../embedders/chunks.js'
import { isUnspaced } from './search.query.js'

const SNIPPET_CHARACTERS = 200
/** What stands before the first word that was found. */
const LEAD_CHARACTERS = 60
/** As far as `search_words` reads. */
const SEARCHED_CHARACTERS = 65_536

/** A part of a text, with the words in it that were looked for. Positions count UTF-16 code units, as JavaScript does. */
export interface SnippetRecord {
  text: string
  highlights: { start: number; end: number }[]
}

/** The part of a message around the first of the words; without them the beginning of one of its pieces. */
export function snippetOf(content: string, words: readonly string[], chunk: number | null): SnippetRecord {
  const wanted = pattern(words)
  const searched = content.slice(0, SEARCHED_CHARACTERS)
  const first = wanted ? searched.search(wanted) : -1
  const text = first >= 0 ? excerpt(content, first) : beginning(chunkText(content)[chunk ?? 0] ?? '')
  return { text, highlights: wanted ? mark(text, wanted) : [] }
}

function excerpt(content: string, first: number): string {
  if (first <= LEAD_CHARACTERS) return beginning(content)
  // Begins with a whole word, where there is one.
  const lead = content.slice(first - LEAD_CHARACTERS, first)
  const space = lead.search(/\s/)
  return beginning(content.slice(space < 0 ? first : first - LEAD_CHARACTERS + space))
}

/** White space is single spaces: a snippet is one line. */
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
  // Words hold letters and digits alone: nothing in them means something to an expression.
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
