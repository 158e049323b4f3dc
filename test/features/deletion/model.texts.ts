import { cosine, hashedVector } from '../../support/hashed.vectors.js'
import { liveThread } from './model.answers.js'
import type { ModelState } from './model.state.js'

/** What messages say, and how searches find that: by words at once, by meaning once it is embedded. */

/** Every message has it, so that one search finds all of a space. */
export const QUERY = 'wool'

const MOST_REPEATED = 4

/** A text by its name: a word of its own, and another one so often that an edit mostly changes how near it is to the query. */
export function contentOf(text: string): string {
  const number = Number(/\d+$/.exec(text)?.[0] ?? 0)
  return `${`${QUERY} `.repeat(1 + (number % MOST_REPEATED))}${text}`
}

/** What each message of live threads says, by its name. */
export function textsOf(state: ModelState, threads: readonly string[]): Record<string, string> {
  const messages = threads.flatMap((name) => liveThread(state, name)?.messages ?? [])
  return Object.fromEntries(messages.map(({ name, text }) => [name, contentOf(text)]))
}

/** How near a text is to the query once it is embedded. */
export function similarityOf(content: string, dimensions: number): number {
  return percent(cosine(hashedVector(content, dimensions), hashedVector(QUERY, dimensions)))
}

/** Half-floats are good to two digits, and may lie below nothing. */
export function percent(similarity: number): number {
  return Math.round(100 * similarity) || 0
}
