import { Field, ID, ObjectType } from 'type-graphql'

@ObjectType({
  description:
    'Someone who calls, known by the `sub` of its token. It may be named before its first request.',
})
export class User {
  @Field(() => ID, { description: "The token's `sub`; `user_bootstrap` for the first user." })
  readonly id!: string

  @Field(() => String, { nullable: true, description: "The token's `name`; null when none was seen." })
  readonly name!: string | null
}
