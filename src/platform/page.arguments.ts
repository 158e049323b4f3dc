import { ArgsType, Field, Int } from 'type-graphql'

/** The arguments of every list. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: 'Entries on a page: 1 to 100, by default 20.' })
  readonly first?: number | null

  @Field(() => String, { nullable: true, description: 'A cursor of this list: the page starts after it.' })
  readonly after?: string | null
}
