import { type Fragment, raw, sql } from '../../platform/database/database.js'
import type { SearchFilter } from './search.filter.js'
import { matching } from './search.filter.sql.js'

/** Maximum number of matching messages that are ranked, so that a common word costs no more than a rare one. */
export const MAX_CANDIDATES = 10_000

export interface KeywordHit {
  messageId: string
  /** 0 to 1: how well the words match */
  rank: number
}

export interface KeywordScope {
  spaceId: string
  filter: SearchFilter
}

/** A word of a query in PostgreSQL's form, with the share of messages that contain it, from 0 to 1. */
export interface TermRow {
  term: string
  frequency: number
  /** estimated number of messages in the space */
  messages: number
}

/** A query of excluded words alone would match nearly everything, so it matches nothing. */
export function parseWords(syntax: string): { query: Fragment; isSearchable: Fragment } {
  const query = sql`websearch_to_tsquery('pg_catalog.simple', ${syntax})`
  return { query, isSearchable: sql`querytree(${query}) not in ('', 'T')` }
}

/**
 * The planner starts from the space's threads or from the index of words, whichever is smaller: it knows both values when
 * it plans. If there are more matches than can be ranked, the first ones found are used.
 */
function candidates({ spaceId, filter }: KeywordScope, query: Fragment): Fragment {
  const columns = { threadId: sql`m.thread_id`, role: sql`m.role`, createdAt: sql`m.created_at` }
  return sql`
    select m.id, m.words from space_thread l
    join message m on m.thread_id = l.thread_id
    where l.space_id = ${spaceId} and not l.hidden and m.words @@ ${query} and ${matching(filter, columns)}
    ${raw(`limit ${MAX_CANDIDATES}`)}`
}

/** Messages that match a query in web search syntax. Long messages get a lower rank. */
export const searchAllWords = (scope: KeywordScope, syntax: string, depth: number) => {
  const { query, isSearchable } = parseWords(syntax)
  return sql<KeywordHit>`
    select found.id as "messageId", ts_rank(found.words, ${query}, 1 | 32) as rank
    from (${candidates(scope, query)}) found where ${isSearchable}
    order by rank desc, found.id ${raw(`limit ${depth}`)}`
}

/** Frequencies of words from the planner's statistics: unlisted words are rare, and so are all before the first ANALYZE. */
export const selectTerms = (spaceId: string, terms: readonly string[]) => sql<TermRow>`
  with common as (
    select entry.word, entry.frequency
    from pg_stats s cross join lateral unnest(
      s.most_common_elems::text::text[], s.most_common_elem_freqs::float8[]) as entry (word, frequency)
    where s.schemaname = current_schema() and s.tablename = 'message' and s.attname = 'words'
      and entry.word is not null)
  select phraseto_tsquery('pg_catalog.simple', terms.term)::text as term,
    min(coalesce(common.frequency, 0)) as frequency,
    (select a.vector_count::float8 from embedding_store a
      where a.space_id = ${spaceId} and a.state = 'ACTIVE') as messages
  from unnest(${terms}::text[]) as terms (term)
  cross join lateral unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', terms.term))) as lexeme (word)
  left join common on common.word = lexeme.word
  group by terms.term order by frequency, term`

/** Messages with some of the words: a word counts more, the fewer of the matches contain it. */
export const searchSomeWords = (
  scope: KeywordScope,
  terms: readonly string[],
  depth: number,
) => sql<KeywordHit>`
  with candidate as materialized (
    ${candidates(scope, sql`${terms.map((term) => `(${term})`).join(' | ')}::tsquery`)}),
  term as (
    select query, ordinal from unnest(${terms}::text[]::tsquery[]) with ordinality as listed (query, ordinal)),
  match as (
    select c.id, term.ordinal, ts_rank(c.words, term.query, 1) as rank
    from candidate c join term on c.words @@ term.query),
  weight as (
    select ordinal, ln(1 + (select count(*) from candidate)::float8 / count(*)) as weight from match group by ordinal)
  select match.id as "messageId", sum(match.rank * weight.weight) / (1 + sum(match.rank * weight.weight)) as rank
  from match join weight on weight.ordinal = match.ordinal
  group by match.id order by rank desc, match.id ${raw(`limit ${depth}`)}`
