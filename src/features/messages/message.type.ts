import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { MessageRole } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { Thread } from '../threads/thread.type.js'
import type { MessageRecord } from './message.sql.js'

registerEnumType(MessageRole, {
  name: 'MessageRole',
  description: 'Who speaks.',
  valuesConfig: {
    SYSTEM: { description: 'Instructions to the model.' },
    USER: { description: 'A person.' },
    ASSISTANT: { description: 'The model.' },
    TOOL: { description: 'What a tool gave back.' },
  },
})

@ObjectType({ description: 'One message of a thread.' })
export class Message implements MessageRecord {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => MessageRole, { description: 'Who speaks.' })
  readonly role!: MessageRole

  @Field(() => String, { description: 'Up to 1 MiB of UTF-8; may be empty.' })
  readonly content!: string

  @Field(() => Int, { description: 'Rises within the thread, from 1; gaps are possible.' })
  readonly sequence!: number

  @Field(() => GraphQLDateTime, {
    description: 'When it was said, as its sender tells, else when it was appended.',
  })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When its content last changed; null: never.',
  })
  readonly editedAt!: Date | null

  readonly threadId!: string
}

@ObjectType({ description: 'A message in a list.' })
export class MessageEdge extends EdgeOf(() => Message) {}

@ObjectType({ description: 'A page of messages.' })
export class MessageConnection extends ConnectionOf(() => MessageEdge) {}

/** What every message says that comes in, whichever way. */
@InputType()
export abstract class MessageContentInput {
  @Field(() => MessageRole, { description: 'Who speaks.' })
  readonly role!: MessageRole

  @Field(() => String, {
    description: 'Up to 1 MiB of UTF-8, without NUL and lone surrogates; may be empty.',
  })
  readonly content!: string

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it was said. Default: now.' })
  readonly createdAt?: Date | null
}

@InputType({ description: 'A message to append.' })
export class MessageInput extends MessageContentInput {
  @Field(() => ID, {
    nullable: true,
    description: 'An id to keep, else one is made. CONFLICT when it exists.',
  })
  readonly id?: string | null
}

@ObjectType({ description: 'What appendMessages appended.' })
export class AppendMessagesPayload {
  @Field(() => [Message], { description: 'The new messages, in order.' })
  readonly messages!: Message[]

  @Field(() => Thread, { description: 'The thread as it stands now.' })
  readonly thread!: Thread
}
