import { Arg, Args, Ctx, FieldResolver, ID, Resolver, Root } from 'type-graphql'
import { toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { ThreadService } from '../threads/thread.service.js'
import { Thread } from '../threads/thread.type.js'
import type { MessageService } from './message.service.js'
import { AppendMessagesPayload, Message, MessageConnection, MessageInput } from './message.type.js'

/** GraphQL face of messages; every rule lives in MessageService. */
@Resolver(() => Message)
export class MessageResolver {
  constructor(
    private readonly messageService: MessageService,
    private readonly threads: ThreadService,
  ) {}

  @IdempotentMutation(() => AppendMessagesPayload, {
    complexity: 50,
    description:
      'Appends messages to a thread, all or none. Needs write access to it. Spaces that contain the thread embed them automatically.',
  })
  appendMessages(
    @Arg('threadId', () => ID, { description: 'Id of the thread.' }) threadId: string,
    @Arg('messages', () => [MessageInput], { description: '1 to 1,000 messages, in order.' })
    messages: MessageInput[],
    @Ctx() { viewer }: Context,
  ): Promise<AppendMessagesPayload> {
    return this.messageService.append(viewer, threadId, messages)
  }

  @FieldResolver(() => Thread, { description: 'The thread it belongs to.' })
  thread(@Root() { threadId }: Message, @Ctx() { loaders }: Context): Promise<Thread | null> {
    return loaders.load(this.threads.byId, threadId)
  }
}

/** The messages of a thread, as fields of it. */
@Resolver(() => Thread)
export class ThreadMessagesResolver {
  constructor(private readonly messageService: MessageService) {}

  @FieldResolver(() => MessageConnection, {
    nullable: true,
    description:
      'Its messages, in order; null unless the caller may read the thread. VALIDATION_ERROR if all messages of the operation together exceed its limit, 16 MiB by default.',
  })
  async messages(
    @Root() { id, isReadable }: Thread,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { loaders }: Context,
  ): Promise<MessageConnection | null> {
    const page = readPage(args)
    const rows = isReadable ? await this.messageService.list(loaders, id, page) : null
    return rows && toConnection(rows, page, (message) => ({ rank: message.sequence, id: message.id }))
  }

  @FieldResolver(() => Message, {
    nullable: true,
    description: 'Its last message; null without messages, and unless the caller may read the thread.',
  })
  async lastMessage(
    @Root() { lastMessageId, isReadable }: Thread,
    @Ctx() { loaders }: Context,
  ): Promise<Message | null> {
    return isReadable && lastMessageId !== null ? this.messageService.find(loaders, lastMessageId) : null
  }
}
