import { GraphQLSafeInt } from 'graphql-scalars'
import { Field, Int, ObjectType } from 'type-graphql'

/** What an organization has, and may have. */
@ObjectType({
  description:
    "An organization's live counts and limits. A soft delete lowers the counts at once, a restore raises them.",
})
export class Usage {
  @Field(() => Int, { description: 'Live threads.' })
  readonly threads!: number

  @Field(() => Int, { description: 'Projects.' })
  readonly projects!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages of live threads.' })
  readonly messages!: number

  @Field(() => Int, { description: 'Live threads that the organization may have; by default 1,000,000.' })
  readonly threadLimit!: number

  @Field(() => Int, { description: 'Projects that the organization may have; by default 10,000.' })
  readonly projectLimit!: number
}
