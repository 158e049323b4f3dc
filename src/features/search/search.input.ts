import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, registerEnumType } from 'type-graphql'
import { MessageRole } from '../../generated/prisma/enums.js'

/** How a space is searched. */
export enum SearchMode {
  SEMANTIC = 'SEMANTIC',
  KEYWORD = 'KEYWORD',
  HYBRID = 'HYBRID',
}

registerEnumType(SearchMode, {
  name: 'SearchMode',
  description: 'How a space is searched.',
  valuesConfig: {
    SEMANTIC: {
      description:
        'By meaning: the messages whose vectors are nearest. SERVICE_UNAVAILABLE while the embedder is away; CONFLICT when this server has no embedder of the model that the space was made with.',
    },
    KEYWORD: {
      description:
        'By words, as they are written: all of them, "a phrase" in quotes, `or`, and -not. Words are compared without regard to case and not reduced to stems. Chinese, Japanese and Korean letters are found beside each other as they stand in the query. Of a message the first 65,536 characters are searched. When more than 10,000 messages match, 10,000 of them are ranked. A query of excluded words alone finds nothing.',
    },
    HYBRID: {
      description:
        "By meaning and by words, joined by reciprocal rank fusion (k = 60). A message is found by some of the words: the rarer, the better; quotes and signs mean nothing. While the embedder is away, and when this server has none of the space's model, words alone answer, and `mode` and `warnings` say so.",
    },
  },
})

@InputType({ description: 'Which messages are searched. What is left out or null limits nothing.' })
export class SearchFilterInput {
  @Field(() => [ID], { nullable: true, description: 'Of these threads: up to 1,000.' })
  readonly threadIds?: string[] | null

  @Field(() => [MessageRole], { nullable: true, description: 'Of these speakers.' })
  readonly roles?: MessageRole[] | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Said at this time or later.' })
  readonly createdFrom?: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Said before this time.' })
  readonly createdBefore?: Date | null
}
