import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { MessageRole } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { Thread } from '../threads/thread.type.js'
import type { MessageRecord } from './message.sql.js'

registerEnumType(MessageRole, {
  name: 'MessageRole',
  description: 'Author of a message.',
  valuesConfig: {
    SYSTEM: { description: 'Instructions to the model.' },
    USER: { description: 'A person.' },
    ASSISTANT: { description: 'The model.' },
    TOOL: { description: 'Output of a tool.' },
  },
})

@ObjectType({ description: 'One message of a thread.' })
export class Message implements MessageRecord {
  @Field(() => ID, { description: 'Id of the message.' })
  readonly id!: string

  @Field(() => MessageRole, { description: 'Author of the message.' })
  readonly role!: MessageRole

  @Field(() => String, { description: 'Up to 1 MiB of UTF-8; may be empty.' })
  readonly content!: string

  @Field(() => Int, { description: 'Rises within the thread, from 1; gaps are possible.' })
  readonly sequence!: number

  @Field(() => GraphQLDateTime, {
    description: 'Time given by the sender, or else when it was appended.',
  })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When its content was last edited; null if never.',
  })
  readonly editedAt!: Date | null

  readonly threadId!: string
}

@ObjectType({ description: 'A message and its cursor.' })
export class MessageEdge extends EdgeOf(() => Message) {}

@ObjectType({ description: 'A page of messages.' })
export class MessageConnection extends ConnectionOf(() => MessageEdge) {}

/** Fields of all incoming messages, appended or imported. */
@InputType()
export abstract class MessageContentInput {
  @Field(() => MessageRole, { description: 'Author of the message.' })
  readonly role!: MessageRole

  @Field(() => String, {
    description: 'Up to 1 MiB of UTF-8, without NUL and lone surrogates; may be empty.',
  })
  readonly content!: string

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Time of the message. Default: now.' })
  readonly createdAt?: Date | null
}

@InputType({ description: 'A message to append.' })
export class MessageInput extends MessageContentInput {
  @Field(() => ID, {
    nullable: true,
    description: 'Id of the new message; generated if omitted. CONFLICT if it exists.',
  })
  readonly id?: string | null
}

@ObjectType({ description: 'Result of appendMessages.' })
export class AppendMessagesPayload {
  @Field(() => [Message], { description: 'The new messages, in order.' })
  readonly messages!: Message[]

  @Field(() => Thread, { description: 'The thread after the change.' })
  readonly thread!: Thread
}
