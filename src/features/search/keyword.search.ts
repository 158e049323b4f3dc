import type { Database } from '../../platform/database/database.js'
import {
  type KeywordHit,
  type KeywordScope,
  MAX_CANDIDATES,
  searchAllWords,
  searchSomeWords,
  selectTerms,
  type TermRow,
} from './keyword.search.sql.js'
import type { SearchQuery } from './search.query.js'

const MAX_RANKED_TERMS = 16

/** Finds messages of a space by keywords. */
export class KeywordSearch {
  constructor(private readonly db: Database) {}

  /** In web search syntax. */
  all(scope: KeywordScope, { syntax }: SearchQuery, depth: number): Promise<KeywordHit[]> {
    return this.db.query(searchAllWords(scope, syntax, depth))
  }

  /** By the rarest of its words: words that most messages contain do not discriminate. */
  async some(scope: KeywordScope, { terms }: SearchQuery, depth: number): Promise<KeywordHit[]> {
    const telling = rarest(await this.db.query(selectTerms(scope.spaceId, terms)))
    return telling.length === 0 ? [] : this.db.query(searchSomeWords(scope, telling, depth))
  }
}

/** As many words as together match no more messages than are ranked, and at least one. */
function rarest(rows: readonly TermRow[]): string[] {
  let expected = 0
  const chosen: string[] = []
  for (const { term, frequency, messages } of rows.slice(0, MAX_RANKED_TERMS)) {
    expected += frequency * messages
    if (chosen.length > 0 && expected > MAX_CANDIDATES) break
    chosen.push(term)
  }
  return chosen
}
