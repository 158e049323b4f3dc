import { sql } from '../../platform/database/database.js'
import type { ToldMessage } from '../messages/message.sql.js'
import { columnsWithin } from '../messages/message.sql.js'

/** Read again for display: a message may have been deleted, or its thread removed from the space, since it was ranked. */
export const selectFoundMessages = (
  spaceId: string,
  ids: readonly string[],
  left: number,
) => sql<ToldMessage>`
  select ${columnsWithin(left)} from message m
  join space_thread l on l.space_id = ${spaceId} and l.thread_id = m.thread_id
  join thread t on t.id = m.thread_id and t.deleted_at is null
  where m.id = any(${ids}::text[])`
