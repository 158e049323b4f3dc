import type { Database } from '../../platform/database/database.js'
import type { PageInfo } from '../../platform/graphql/connection.type.js'
import { byId } from '../../platform/graphql/loader.js'
import type { TextBudget } from '../../platform/graphql/text.budget.js'
import { requireOrganization } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import { type MessageRecord, selectMessages } from '../messages/message.sql.js'
import type { ThreadRecord } from '../threads/thread.sql.js'
import { requireFilter, type SearchFilterValues } from './search.filter.js'
import { type RankedNode, readRanking, readSearchPage } from './search.page.js'
import { markedWords, readQuery } from './search.query.js'
import { type SnippetRecord, snippetOf } from './search.snippet.js'
import {
  searchThreads,
  selectFoundThreads,
  selectOwnOrganizations,
  type ThreadHit,
} from './thread.search.sql.js'

export interface ThreadSearchArguments {
  query: string
  organizationId?: string | null | undefined
  first?: number | null | undefined
  after?: string | null | undefined
  filter?: SearchFilterValues | null | undefined
}

export interface ThreadResult {
  cursor: string
  score: number
  message: MessageRecord | null
  snippet: SnippetRecord | null
  node: ThreadRecord
}

/** Searches the threads that the viewer may read, by their titles and messages. */
export class ThreadSearchService {
  constructor(private readonly db: Database) {}

  async search(
    viewer: Viewer,
    texts: TextBudget,
    values: ThreadSearchArguments,
  ): Promise<{ edges: ThreadResult[]; pageInfo: PageInfo }> {
    const organizationId = values.organizationId ?? null
    if (organizationId !== null) await requireOrganization(this.db, viewer, 'read', organizationId)
    const query = readQuery(values.query)
    const filter = requireFilter(values.filter)
    const page = readSearchPage(['threads', organizationId, query.text, filter], values.first, values.after)
    const organizationIds = await this.#places(viewer, organizationId)
    const scope = { viewerId: viewer.userId, organizationId, organizationIds, filter }
    const { hits, pageInfo } = await readRanking<ThreadHit, ThreadRecord>(page, {
      idOf: ({ id }) => id,
      rank: (depth) => this.db.query(searchThreads(scope, query.syntax, depth)),
      read: async (ids) => byId(await this.db.query(selectFoundThreads(viewer.userId, ids))),
    })
    return { edges: await this.#withMessages(texts, hits, markedWords(query)), pageInfo }
  }

  async #places({ userId }: Viewer, organizationId: string | null): Promise<string[]> {
    if (organizationId !== null) return [organizationId]
    const joined = await this.db.query(selectOwnOrganizations(userId))
    return joined.map(({ id }) => id)
  }

  async #withMessages(
    texts: TextBudget,
    hits: readonly RankedNode<ThreadHit, ThreadRecord>[],
    words: readonly string[],
  ): Promise<ThreadResult[]> {
    const ids = hits.flatMap(({ hit }) => hit.messageId ?? [])
    const messages = byId(await texts.read((left) => this.db.query(selectMessages(ids, left))))
    return hits.map(({ hit: { rank, messageId }, node, cursor }) => {
      const message = (messageId !== null && messages.get(messageId)) || null
      return {
        cursor,
        score: rank,
        message,
        snippet: message && snippetOf(message.content, words, null),
        node,
      }
    })
  }
}
