import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { User } from '../access/user.type.js'
import { Backfill } from '../backfills/backfill.type.js'
import { Space } from '../spaces/space.type.js'
import { Thread } from '../threads/thread.type.js'

@ObjectType({ description: 'A thread in a space, with when and by whom it was added.' })
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

@ObjectType({ description: 'Result of addThreadToSpace.' })
export class AddThreadToSpacePayload {
  @Field(() => Boolean, { description: 'Always true: failures are GraphQL errors.' })
  readonly success!: boolean

  @Field(() => String, { description: '"Thread added to space".' })
  readonly message!: string

  @Field(() => ID, { description: 'Id of the space.' })
  readonly spaceId!: string

  @Field(() => ID, { description: 'Id of the thread.' })
  readonly threadId!: string

  @Field(() => GraphQLDateTime, {
    description: 'When the thread was added; if it was in the space already, the original time.',
  })
  readonly addedAt!: Date

  @Field(() => Backfill, { description: 'The backfill of its messages: watch it with backfillProgress.' })
  readonly backfill!: Backfill

  @Field(() => Space, { description: 'The space after the change.' })
  readonly space!: Space
}

@ObjectType({ description: 'Result of removeThreadFromSpace.' })
export class RemoveThreadFromSpacePayload {
  @Field(() => Boolean, { description: 'Always true: failures are GraphQL errors.' })
  readonly success!: boolean

  @Field(() => String, { description: '"Thread removed from space".' })
  readonly message!: string

  @Field(() => ID, { description: 'Id of the space.' })
  readonly spaceId!: string

  @Field(() => ID, { description: 'Id of the thread, which is kept.' })
  readonly threadId!: string

  @Field(() => GraphQLDateTime, { description: 'When it was removed.' })
  readonly removedAt!: Date

  @Field(() => Int, { description: 'Number of vectors removed from the space.' })
  readonly removedVectorCount!: number

  @Field(() => Space, { description: 'The space after the change.' })
  readonly space!: Space
}
