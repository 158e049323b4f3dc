import { Field, ID, ObjectType } from 'type-graphql'
import { Thread } from '../threads/thread.type.js'
import { Message } from './message.type.js'

@ObjectType({ description: 'Result of editMessage.' })
export class EditMessagePayload {
  @Field(() => Message, { description: 'The edited message.' })
  readonly message!: Message

  @Field(() => Thread, { description: 'Its thread.' })
  readonly thread!: Thread
}

@ObjectType({ description: 'Result of deleteMessage.' })
export class DeleteMessagePayload {
  @Field(() => ID, { description: 'Id of the deleted message.' })
  readonly deletedMessageId!: string

  @Field(() => Thread, { description: 'The thread after the change.' })
  readonly thread!: Thread
}
