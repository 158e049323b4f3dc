import { sql } from '../../platform/database/database.js'
import { threadReadable } from '../access/access.sql.js'
import type { ThreadRecord } from '../threads/thread.sql.js'
import { threadColumns } from '../threads/thread.sql.js'
import { type MessageRecord, messageColumns } from './message.sql.js'

/** The thread of a message, if the viewer may read it; otherwise the message is reported as missing. */
export const selectThreadOfMessage = (viewerId: string, id: string) => sql<{ id: string }>`
  select t.id from message m join thread t on t.id = m.thread_id
  where m.id = ${id} and t.deleted_at is null and ${threadReadable('t', viewerId)}`

export interface ChangeableMessage extends MessageRecord {
  legalHold: boolean
}

/** Read under the lock of its thread, so it cannot change. */
export const selectChangeable = (id: string) => sql<ChangeableMessage>`
  select ${messageColumns}, t.legal_hold as "legalHold"
  from message m join thread t on t.id = m.thread_id where m.id = ${id}`

export const updateContent = (id: string, content: string) => sql<MessageRecord>`
  update message m set content = ${content}, content_hash = sha256(convert_to(${content}, 'UTF8')), edited_at = now()
  where m.id = ${id} returning ${messageColumns}`

/** The thread after one of its messages was edited. */
export const noteEdit = (threadId: string) => sql<ThreadRecord>`
  update thread t set message_changes = t.message_changes + 1 where t.id = ${threadId} returning ${threadColumns}`

export const deleteMessageRow = (id: string) =>
  sql<{ id: string }>`delete from message where id = ${id} returning id`

/** The thread after a deletion of a message. Its last sequence never falls, so that no sequence is used twice. */
export const shrinkThread = (threadId: string) => sql<ThreadRecord>`
  update thread t set message_count = t.message_count - 1, message_changes = t.message_changes + 1,
    last_message_id = last.id, last_message_at = last.created_at
  from (select 1) one left join lateral (
    select m.id, m.created_at from message m where m.thread_id = ${threadId} order by m.sequence desc limit 1) last on true
  where t.id = ${threadId} returning ${threadColumns}`
