import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { User } from '../access/user.type.js'
import { Backfill } from '../backfills/backfill.type.js'
import { Thread } from '../threads/thread.type.js'
import { Space } from './space.type.js'

@ObjectType({ description: 'A thread in a space, and how it came there.' })
export class SpaceThreadEdge extends EdgeOf(() => Thread) {
  @Field(() => GraphQLDateTime, { description: 'When it was added.' })
  readonly addedAt!: Date

  @Field(() => User, { description: 'Who added it.' })
  readonly addedBy!: User

  @Field(() => Backfill, { nullable: true, description: 'Its newest backfill.' })
  readonly backfill!: Backfill | null

  readonly addedById!: string
  readonly spaceId!: string
}

@ObjectType({ description: 'A page of the threads of a space.' })
export class SpaceThreadConnection extends ConnectionOf(() => SpaceThreadEdge) {}

@ObjectType({ description: 'What addThreadToSpace did.' })
export class AddThreadToSpacePayload {
  @Field(() => Boolean, { description: 'True: a failure is an error.' })
  readonly success!: boolean

  @Field(() => String, { description: '"Thread added to space".' })
  readonly message!: string

  @Field(() => ID, { description: 'The space.' })
  readonly spaceId!: string

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId!: string

  @Field(() => GraphQLDateTime, {
    description: 'When the thread was added: the first time, if it was there already.',
  })
  readonly addedAt!: Date

  @Field(() => Backfill, { description: 'The backfill of its messages: watch it with backfillProgress.' })
  readonly backfill!: Backfill

  @Field(() => Space, { description: 'The space as this left it.' })
  readonly space!: Space
}

@ObjectType({ description: 'What removeThreadFromSpace did.' })
export class RemoveThreadFromSpacePayload {
  @Field(() => Boolean, { description: 'True: a failure is an error.' })
  readonly success!: boolean

  @Field(() => String, { description: '"Thread removed from space".' })
  readonly message!: string

  @Field(() => ID, { description: 'The space.' })
  readonly spaceId!: string

  @Field(() => ID, { description: 'The thread; it stays as it is.' })
  readonly threadId!: string

  @Field(() => GraphQLDateTime, { description: 'When it was removed.' })
  readonly removedAt!: Date

  @Field(() => Int, { description: "Vectors that left the space's store." })
  readonly removedVectorCount!: number

  @Field(() => Space, { description: 'The space as this left it.' })
  readonly space!: Space
}
