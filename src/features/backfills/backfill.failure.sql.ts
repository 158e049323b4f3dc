import { type Statement, sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { beyond } from '../../platform/graphql/page.sql.js'
import type { BackfillRecord } from './backfill.sql.js'

export interface BackfillFailureRecord {
  messageId: string
  sequence: number
  error: string
  attempts: number
  failedAt: Date
}

/** Refusals are kept for a store and a message, not for a backfill: a retry that succeeds takes them away. */
export const listFailures = (
  { spaceId, threadId }: Pick<BackfillRecord, 'spaceId' | 'threadId'>,
  page: Page,
): Statement => sql`
  select f.message_id as "messageId", f.sequence, f.error, f.attempts, f.failed_at as "failedAt"
  from embedding_failure f
  where f.store_id = (select s.id from embedding_store s where s.space_id = ${spaceId} and s.state = 'ACTIVE')
    and f.thread_id = ${threadId} and ${beyond(page, sql`f.sequence`)}
  order by f.sequence ${page.limit}`
