import { Arg, Ctx, ID, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { MessageChangeService } from './message.change.service.js'
import { DeleteMessagePayload, EditMessagePayload } from './message.change.type.js'

/** GraphQL face of changes to messages; every rule lives in MessageChangeService. */
@Resolver()
export class MessageChangeResolver {
  constructor(private readonly changes: MessageChangeService) {}

  @IdempotentMutation(() => EditMessagePayload, {
    description:
      'Replaces the content of a message. Needs write access to its thread. From the reply on, no search finds the old content; spaces that contain the thread embed the new one automatically. CONFLICT while the thread is under a legal hold.',
  })
  editMessage(
    @Arg('messageId', () => ID, { description: 'Id of the message.' }) messageId: string,
    @Arg('content', () => String, {
      description: 'Up to 1 MiB of UTF-8, without NUL and lone surrogates; may be empty.',
    })
    content: string,
    @Ctx() { viewer }: Context,
  ): Promise<EditMessagePayload> {
    return this.changes.edit(viewer, messageId, content)
  }

  @IdempotentMutation(() => DeleteMessagePayload, {
    description:
      'Deletes a message permanently. Needs write access to its thread. From the reply on, no search finds it; a backfill that has not embedded it yet counts it as skipped. CONFLICT while the thread is under a legal hold.',
  })
  deleteMessage(
    @Arg('messageId', () => ID, { description: 'Id of the message.' }) messageId: string,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteMessagePayload> {
    return this.changes.delete(viewer, messageId)
  }
}
