import { Field, ID, ObjectType } from 'type-graphql'

@ObjectType({
  description:
    'A user, identified by the `sub` of its token. It may be referred to before its first request.',
})
export class User {
  @Field(() => ID, { description: "The token's `sub`; `user_bootstrap` for the first user." })
  readonly id!: string

  @Field(() => String, { nullable: true, description: "The token's `name`; null if none was received." })
  readonly name!: string | null
}
