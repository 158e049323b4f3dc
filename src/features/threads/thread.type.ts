import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { CountedConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import type { JsonObject, ThreadRecord } from './thread.sql.js'

/** Also has the record's columns, for field resolvers. */
@ObjectType({
  description:
    'A conversation: messages in order, with an owner and an organization. A caller who sees it in a space without read access to it sees its title; its contents are null then.',
})
export class Thread implements ThreadRecord {
  @Field(() => ID, { description: 'Id of the thread; an imported thread keeps its own.' })
  readonly id!: string

  @Field(() => String, { nullable: true, description: 'Up to 255 characters; null if it has none.' })
  readonly title!: string | null

  @Field(() => Int, { description: 'Number of its messages.' })
  readonly messageCount!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Time of the last message; null without messages.',
  })
  readonly lastMessageAt!: Date | null

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it was soft-deleted; null if it is live.',
  })
  readonly deletedAt!: Date | null

  readonly metadata!: JsonObject
  readonly ownerId!: string
  readonly organizationId!: string
  readonly projectId!: string | null
  readonly lastMessageId!: string | null
  readonly isReadable!: boolean
}

@ObjectType({ description: 'A thread and its cursor.' })
export class ThreadEdge extends EdgeOf(() => Thread) {}

@ObjectType({ description: 'A page of threads.' })
export class ThreadConnection extends CountedConnectionOf(() => ThreadEdge) {}

@InputType({ description: 'A new thread.' })
export class CreateThreadInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "Starts with `org_`. Default: the project's organization, or else the caller's personal one, which is created on first use.",
  })
  readonly organizationId?: string | null

  @Field(() => ID, { nullable: true, description: 'A project of that organization.' })
  readonly projectId?: string | null

  @Field(() => String, { nullable: true, description: 'Up to 255 characters.' })
  readonly title?: string | null

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'A JSON object, up to 64 KiB and 100 levels. Its members `customMetadata` and `extra` are repeated in the deletion receipt.',
  })
  readonly metadata?: JsonObject | null

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the new thread; generated if omitted. CONFLICT if it exists.',
  })
  readonly id?: string | null
}

@ObjectType({ description: 'Result of createThread.' })
export class CreateThreadPayload {
  @Field(() => Thread, { description: 'The new thread.' })
  readonly thread!: Thread
}
