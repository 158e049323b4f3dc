import { GraphQLSafeInt } from 'graphql-scalars'
import { Field, Int, ObjectType } from 'type-graphql'

/** An organization's counts and limits. */
@ObjectType({
  description:
    "An organization's live counts and limits. A soft delete lowers the counts immediately, a restore raises them.",
})
export class Usage {
  @Field(() => Int, { description: 'Number of live threads.' })
  readonly threads!: number

  @Field(() => Int, { description: 'Number of projects.' })
  readonly projects!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of messages in live threads.' })
  readonly messages!: number

  @Field(() => Int, { description: 'Live threads that the organization may have; by default 1,000,000.' })
  readonly threadLimit!: number

  @Field(() => Int, { description: 'Projects that the organization may have; by default 10,000.' })
  readonly projectLimit!: number
}
