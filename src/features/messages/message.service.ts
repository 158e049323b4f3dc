import type { MessageRole } from '../../generated/prisma/enums.js'
import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, invalid, notFound } from '../../platform/errors.js'
import { byId, LoaderDefinition, type Loaders, PagesDefinition } from '../../platform/graphql/loader.js'
import type { Page } from '../../platform/graphql/page.js'
import type { ReplyCodec } from '../../platform/idempotency/idempotency.js'
import { mintId, requireId } from '../../platform/ids.js'
import { requireStorable } from '../../platform/text.js'
import { requireOptionalTime } from '../../platform/validate.js'
import { requireThread } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { ThreadRecord } from '../threads/thread.sql.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import type { MessageObserver } from './message.observer.js'
import {
  growThreads,
  insertMessages,
  listMessages,
  lockLastSequence,
  type MessageRecord,
  type NewMessageRow,
  selectReadableMessages,
  type ToldMessage,
} from './message.sql.js'

const MAX_MESSAGES = 1_000
const MAX_CONTENT_BYTES = 1024 * 1024

export interface NewMessage {
  id?: string | null
  role: MessageRole
  content: string
  createdAt?: Date | null
}

/** Messages: appending and reading them. Sequences are assigned under the lock of the thread's row. */
export class MessageService {
  readonly #byId: LoaderDefinition<string, ToldMessage>
  readonly #pages: PagesDefinition<ToldMessage>

  constructor(
    private readonly db: Database,
    private readonly usage: UsageMeter,
    private readonly observer: Pick<MessageObserver, 'appended'>,
  ) {
    this.#byId = new LoaderDefinition(async (ids, viewerId, texts) =>
      byId(await texts.read((left) => db.query(selectReadableMessages(ids, viewerId, left)))),
    )
    this.#pages = new PagesDefinition(
      ({ threadId }) => threadId,
      (threadIds, page, { viewerId, texts }) =>
        texts.read((left) => db.query(listMessages(viewerId, threadIds, page, left))),
    )
  }

  append(viewer: Viewer, threadId: string, messages: readonly NewMessage[]): Promise<Appended> {
    requireCount(messages.length)
    return mutate(this.db, viewer, {
      require: (tx) => requireThread(tx, viewer, 'write', threadId),
      work: async (tx, { organizationId }) => {
        const rows = requireMessages(messages, threadId)
        const added = await this.#insert(tx, threadId, rows)
        const last = added.at(-1) as MessageRecord
        const [thread] = await tx.query(
          growThreads([
            {
              threadId,
              count: added.length,
              lastSequence: last.sequence,
              lastMessageId: last.id,
              lastMessageAt: last.createdAt,
            },
          ]),
        )
        await this.observer.appended(tx, [threadId])
        await recordAudit(tx, viewer, {
          action: 'thread.messages-appended',
          targetType: 'thread',
          targetId: threadId,
          organizationId,
          details: { count: added.length },
        })
        await this.usage.change(tx, organizationId, { messages: added.length })
        return { messages: added, thread: thread as ThreadRecord }
      },
      codec: appendedFrom(messages),
    })
  }

  async list(loaders: Loaders, threadId: string, page: Page): Promise<MessageRecord[]> {
    const messages = await loaders.loadPage(this.#pages, threadId, page)
    for (const message of messages) loaders.texts.tell(message)
    return messages
  }

  async find(loaders: Loaders, messageId: string): Promise<MessageRecord | null> {
    const message = await loaders.load(this.#byId, messageId)
    if (message) loaders.texts.tell(message)
    return message
  }

  async #insert(tx: Transaction, threadId: string, rows: NewMessageRow[]): Promise<MessageRecord[]> {
    const [locked] = await tx.query(lockLastSequence(threadId))
    if (!locked) throw notFound('Thread', { threadId })
    const sequenced = rows.map((row, index) => ({ ...row, sequence: locked.lastSequence + 1 + index }))
    const inserted = byId(await tx.query(insertMessages(sequenced)))
    return sequenced.map((row) => {
      const stored = inserted.get(row.id)
      if (!stored)
        throw conflict('A message with this id already exists.', 'Message id exists', { id: row.id })
      return { ...stored, content: row.content }
    })
  }
}

export interface Appended {
  messages: MessageRecord[]
  thread: ThreadRecord
}

type KeptAppended = Omit<Appended, 'messages'> & { messages: Omit<MessageRecord, 'content'>[] }

/** The stored reply does not contain the contents, which a repeated call sends again, whether or not they were deleted. */
function appendedFrom(given: readonly NewMessage[]): ReplyCodec<Appended, KeptAppended> {
  return {
    keep: ({ messages, thread }) => ({
      messages: messages.map(({ content: _, ...message }) => message),
      thread,
    }),
    recall: ({ messages, thread }) => ({
      messages: messages.map((message, index) => ({
        ...message,
        content: given[index]?.content ?? '',
      })),
      thread,
    }),
  }
}

function requireCount(count: number): void {
  if (count < 1 || count > MAX_MESSAGES) {
    throw invalid(`Invalid messages. Append 1 to ${MAX_MESSAGES.toLocaleString('en')} messages at once.`, {
      count,
    })
  }
}

/** Validates messages and generates missing ids. Sequences are assigned under the thread's lock. */
export function requireMessages(messages: readonly NewMessage[], threadId: string): NewMessageRow[] {
  const ids = new Set<string>()
  return messages.map(({ id: given, role, content: sent, createdAt }, index) => {
    const id = given == null ? mintId('msg') : requireId('id', given)
    if (ids.has(id)) throw invalid('Invalid messages. Two of them have the same id.', { id })
    ids.add(id)
    const time = requireOptionalTime('createdAt', createdAt)
    const content = requireContent(`messages[${index}].content`, sent)
    return { id, threadId, sequence: 0, role, content, createdAt: time }
  })
}

export function requireContent(name: string, content: string): string {
  const length = content.length > MAX_CONTENT_BYTES ? content.length : Buffer.byteLength(content)
  if (length > MAX_CONTENT_BYTES)
    throw invalid(`Invalid ${name}. It must be at most 1 MiB of UTF-8.`, { length })
  requireStorable(name, content)
  return content
}
