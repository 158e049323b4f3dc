import { Field, ID, ObjectType } from 'type-graphql'
import { Thread } from '../threads/thread.type.js'
import { Message } from './message.type.js'

@ObjectType({ description: 'A message after editMessage.' })
export class EditMessagePayload {
  @Field(() => Message, { description: 'The message as it stands now.' })
  readonly message!: Message

  @Field(() => Thread, { description: 'Its thread.' })
  readonly thread!: Thread
}

@ObjectType({ description: 'What deleteMessage deleted.' })
export class DeleteMessagePayload {
  @Field(() => ID, { description: 'The message that is gone.' })
  readonly deletedMessageId!: string

  @Field(() => Thread, { description: 'The thread as it stands now.' })
  readonly thread!: Thread
}
