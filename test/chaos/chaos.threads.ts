/** What a user knows of what it has made. */

/** One word that nothing else says, and one that everything says. */
export interface Said {
  id: string
  word: string
}

export const contentOf = (word: string): string => `wool ${word}`

export interface OwnThread {
  id: string
  messages: Said[]
  /** the spaces it is in, and its newest backfill there */
  links: Map<string, { backfillId: string; isCanceled: boolean }>
  /** LIVE, GONE, or what restores it: itself, or a batch */
  state: 'LIVE' | 'GONE' | 'HIDDEN' | { batchId: string }
}
