import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, notFound } from '../../platform/errors.js'
import type { ReplyCodec } from '../../platform/idempotency/idempotency.js'
import { requireId } from '../../platform/ids.js'
import { requireThread, type ThreadAccess } from '../access/access.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { selectThreads, type ThreadRecord } from '../threads/thread.sql.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import {
  type ChangeableMessage,
  deleteMessageRow,
  noteEdit,
  selectChangeable,
  selectThreadOfMessage,
  shrinkThread,
  updateContent,
} from './message.change.sql.js'
import type { MessageObserver } from './message.observer.js'
import { requireContent } from './message.service.js'
import type { MessageRecord } from './message.sql.js'

export interface Edited {
  message: MessageRecord
  thread: ThreadRecord
}

export interface MessageDeleted {
  deletedMessageId: string
  thread: ThreadRecord
}

interface Held {
  message: ChangeableMessage
  organizationId: string
}

/** Edits and deletes messages. Spaces that contain their thread are updated in the same transaction. */
export class MessageChangeService {
  constructor(
    private readonly db: Database,
    private readonly usage: UsageMeter,
    private readonly observer: MessageObserver,
  ) {}

  /** Unchanged content is not an edit. */
  edit(viewer: Viewer, messageId: string, content: string): Promise<Edited> {
    return mutate(this.db, viewer, {
      require: (tx) => requireThreadOf(tx, viewer, messageId),
      work: async (tx, { id: threadId }) => {
        const text = requireContent('content', content)
        const held = await this.#hold(tx, viewer, messageId, threadId)
        const isChanged = text !== held.message.content
        const edited = isChanged
          ? await this.#rewrite(tx, held.message, text)
          : { message: held.message, thread: await readThread(tx, viewer, held.message) }
        await this.#record(tx, viewer, 'message.edited', held, { isChanged })
        return edited
      },
      codec: editedTo(content),
    })
  }

  delete(viewer: Viewer, messageId: string): Promise<MessageDeleted> {
    return mutate(this.db, viewer, {
      require: (tx) => requireThreadOf(tx, viewer, messageId),
      work: async (tx, { id: threadId }) => {
        const held = await this.#hold(tx, viewer, messageId, threadId)
        await tx.query(deleteMessageRow(messageId))
        const [thread] = await tx.query(shrinkThread(threadId))
        await this.observer.deleted(tx, held.message)
        await this.#record(tx, viewer, 'message.deleted', held, {})
        await this.usage.change(tx, held.organizationId, { messages: -1 })
        return { deletedMessageId: messageId, thread: thread as ThreadRecord }
      },
      requireReply: (tx, { thread }) => requireThread(tx, viewer, 'write', thread.id),
    })
  }

  async #rewrite(tx: Transaction, { id, threadId }: MessageRecord, content: string): Promise<Edited> {
    const [message] = await tx.query(updateContent(id, content))
    const [thread] = await tx.query(noteEdit(threadId))
    if (!message || !thread) throw new Error(`Message ${id} vanished under the lock of its thread`)
    await this.observer.edited(tx, message)
    return { message, thread }
  }

  /** Locks the thread, so that changes of its messages are serialized. */
  async #hold(tx: Transaction, viewer: Viewer, messageId: string, threadId: string): Promise<Held> {
    const { organizationId } = await requireThread(tx, viewer, 'write', threadId, 'change')
    const [message] = await tx.query(selectChangeable(messageId))
    if (!message) throw notFound('Message', { messageId })
    if (message.legalHold) {
      throw conflict(
        'The thread is under a legal hold: its messages can neither be edited nor deleted.',
        'Legal hold',
        { messageId, threadId: message.threadId },
      )
    }
    return { message, organizationId }
  }

  #record(
    tx: Transaction,
    viewer: Viewer,
    action: string,
    { message, organizationId }: Held,
    details: Record<string, unknown>,
  ): Promise<string> {
    return recordAudit(tx, viewer, {
      action,
      targetType: 'message',
      targetId: message.id,
      organizationId,
      details: { threadId: message.threadId, ...details },
    })
  }
}

async function requireThreadOf(tx: Transaction, viewer: Viewer, messageId: string): Promise<ThreadAccess> {
  requireId('messageId', messageId)
  const [thread] = await tx.query(selectThreadOfMessage(viewer.userId, messageId))
  if (!thread) throw notFound('Message', { messageId })
  return requireThread(tx, viewer, 'write', thread.id)
}

async function readThread(
  tx: Transaction,
  viewer: Viewer,
  { threadId }: MessageRecord,
): Promise<ThreadRecord> {
  const [thread] = await tx.query(selectThreads([threadId], viewer.userId))
  return thread as ThreadRecord
}

type KeptEdited = Omit<Edited, 'message'> & { message: Omit<MessageRecord, 'content'> }

/** The stored reply does not contain the content, which a repeated call sends again. */
function editedTo(content: string): ReplyCodec<Edited, KeptEdited> {
  return {
    keep: ({ message: { content: _, ...message }, thread }) => ({ message, thread }),
    recall: ({ message, thread }) => ({ message: { ...message, content }, thread }),
  }
}
