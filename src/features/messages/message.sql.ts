import type { MessageRole } from '../../generated/prisma/enums.js'
import type { MessageGetPayload, MessageSelect } from '../../generated/prisma/models/Message.js'
import { columnsOf } from '../../platform/database/columns.js'
import { type Fragment, sql } from '../../platform/database/database.js'
import type { Page } from '../../platform/graphql/page.js'
import { beyond } from '../../platform/graphql/page.sql.js'
import type { TextRow } from '../../platform/graphql/text.budget.js'
import { threadReadable } from '../access/access.sql.js'
import type { ThreadRecord } from '../threads/thread.sql.js'
import { threadColumns } from '../threads/thread.sql.js'

const withoutContent = {
  id: true,
  threadId: true,
  sequence: true,
  role: true,
  createdAt: true,
  /** null: never */
  editedAt: true,
} satisfies MessageSelect

/** A message whose content is not read with it. */
export type MessageHeader = MessageGetPayload<{ select: typeof withoutContent }>

export type MessageRecord = MessageHeader & { content: string }

export interface NewMessageRow {
  id: string
  threadId: string
  sequence: number
  role: MessageRole
  content: string
  /** null: now */
  createdAt: Date | null
}

const columnsWithoutContent = columnsOf('m', withoutContent)

export const messageColumns = sql`${columnsWithoutContent}, m.content`

/** A message that was read to be returned. */
export type ToldMessage = MessageRecord & TextRow

/** If the messages of a statement exceed `left` bytes together, it reads and returns no content at all. */
export const columnsWithin = (left: number): Fragment => sql`
  ${columnsWithoutContent}, octet_length(m.content) as "contentBytes",
  case when sum(octet_length(m.content)) over () <= ${left}::bigint then m.content end as content`

export const selectMessages = (ids: readonly string[], left: number) =>
  sql<ToldMessage>`select ${columnsWithin(left)} from message m where m.id = any(${ids}::text[])`

export const selectReadableMessages = (
  ids: readonly string[],
  viewerId: string,
  left: number,
) => sql<ToldMessage>`
  select ${columnsWithin(left)} from message m join thread t on t.id = m.thread_id
  where m.id = any(${ids}::text[]) and ${threadReadable('t', viewerId)}`

/** A page for each thread that the viewer may read. Checked here too, because a stored reply may be older than a loss of access. */
export const listMessages = (
  viewerId: string,
  threadIds: readonly string[],
  page: Page,
  left: number,
) => sql<ToldMessage>`
  select ${columnsWithin(left)} from unnest(${threadIds}::text[]) as parent (id)
  join thread t on t.id = parent.id and ${threadReadable('t', viewerId)}
  cross join lateral (
    select m.id, m.thread_id, m.sequence, m.role, m.content, m.created_at, m.edited_at from message m
    where m.thread_id = t.id and ${beyond(page, sql`m.sequence`)}
    order by m.sequence ${page.limit}) m
  order by m.thread_id, m.sequence`

/** Rows whose id exists are missing from the result. */
export const insertMessages = (rows: readonly NewMessageRow[]) => sql<MessageHeader>`
  insert into message as m (id, thread_id, sequence, role, content, content_hash, created_at)
  select id, thread_id, sequence, role::message_role, content, sha256(convert_to(content, 'UTF8')), coalesce(created_at, now())
  from unnest(
    ${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.threadId)}::text[],
    ${rows.map((row) => row.sequence)}::int[], ${rows.map((row) => row.role)}::text[],
    ${rows.map((row) => row.content)}::text[], ${rows.map((row) => row.createdAt?.toISOString() ?? null)}::timestamptz[]
  ) as added (id, thread_id, sequence, role, content, created_at)
  on conflict (id) do nothing
  returning ${columnsWithoutContent}`

/** Locks the live thread's row, so that sequences are assigned by one call at a time. */
export const lockLastSequence = (threadId: string) => sql<{ lastSequence: number }>`
  select last_sequence as "lastSequence" from thread
  where id = ${threadId} and deleted_at is null for no key update`

/** The effect of appending on one thread. */
export interface ThreadGrowth {
  threadId: string
  count: number
  lastSequence: number
  lastMessageId: string
  lastMessageAt: Date
}

export const growThreads = (growths: readonly ThreadGrowth[]) => sql<ThreadRecord>`
  update thread t set
    message_count = t.message_count + grown.count, last_sequence = grown.last_sequence,
    last_message_id = grown.last_message_id, last_message_at = grown.last_message_at
  from unnest(
    ${growths.map((growth) => growth.threadId)}::text[], ${growths.map((growth) => growth.count)}::int[],
    ${growths.map((growth) => growth.lastSequence)}::int[], ${growths.map((growth) => growth.lastMessageId)}::text[],
    ${growths.map((growth) => growth.lastMessageAt.toISOString())}::timestamptz[]
  ) as grown (id, count, last_sequence, last_message_id, last_message_at)
  where t.id = grown.id
  returning ${threadColumns}`
