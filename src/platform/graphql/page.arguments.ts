import { ArgsType, Field, Int } from 'type-graphql'

/** The arguments of every list. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'Maximum number of entries on the page: 1 to 100, by default 20.',
  })
  readonly first?: number | null

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of an entry in this list: the page starts after it.',
  })
  readonly after?: string | null
}
