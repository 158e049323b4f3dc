import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { CountedConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import type { JsonObject, ThreadRecord } from './thread.sql.js'

/** The record's columns are properties too, so that field resolvers can reach them. */
@ObjectType({
  description:
    'A conversation: messages in order, with an owner and an organization. Who meets it in a space without being allowed to read it sees its title; what is said in it is null there.',
})
export class Thread implements ThreadRecord {
  @Field(() => ID, { description: 'Opaque; an imported thread keeps the id that it came with.' })
  readonly id!: string

  @Field(() => String, { nullable: true, description: 'Up to 255 characters; null when it has none.' })
  readonly title!: string | null

  @Field(() => Int, { description: 'Its messages.' })
  readonly messageCount!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "The last message's time; null without messages.",
  })
  readonly lastMessageAt!: Date | null

  @Field(() => GraphQLDateTime, { description: 'When it was made.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it was soft-deleted; null while it lives.',
  })
  readonly deletedAt!: Date | null

  readonly metadata!: JsonObject
  readonly ownerId!: string
  readonly organizationId!: string
  readonly projectId!: string | null
  readonly lastMessageId!: string | null
  readonly isReadable!: boolean
}

@ObjectType({ description: 'A thread in a list.' })
export class ThreadEdge extends EdgeOf(() => Thread) {}

@ObjectType({ description: 'A page of threads.' })
export class ThreadConnection extends CountedConnectionOf(() => ThreadEdge) {}

@InputType({ description: 'A new thread.' })
export class CreateThreadInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "Starts with `org_`. Left out: the project's organization, else the caller's personal one, which is created when it is first needed.",
  })
  readonly organizationId?: string | null

  @Field(() => ID, { nullable: true, description: 'A project of that organization.' })
  readonly projectId?: string | null

  @Field(() => String, { nullable: true, description: 'Up to 255 characters.' })
  readonly title?: string | null

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'A JSON object, up to 64 KiB and 100 levels. Its members `customMetadata` and `extra` come back in the deletion receipt.',
  })
  readonly metadata?: JsonObject | null

  @Field(() => ID, {
    nullable: true,
    description: 'An id to keep, else one is made. CONFLICT when it exists.',
  })
  readonly id?: string | null
}

@ObjectType({ description: 'The thread made by createThread.' })
export class CreateThreadPayload {
  @Field(() => Thread, { description: 'The new thread.' })
  readonly thread!: Thread
}
