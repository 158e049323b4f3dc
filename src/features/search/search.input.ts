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
        'By meaning: messages with the nearest vectors. SERVICE_UNAVAILABLE while the embedding provider is unavailable; CONFLICT if this server does not have the embedding model of the space.',
    },
    KEYWORD: {
      description:
        'By words: all words must match; "a phrase" in quotes, `or`, and -not are supported. Case is ignored, and words are not stemmed. Chinese, Japanese and Korean characters must occur next to each other as in the query. Only the first 65,536 characters of a message are searched. If more than 10,000 messages match, 10,000 of them are ranked. A query of excluded words alone finds nothing.',
    },
    HYBRID: {
      description:
        "By meaning and by words, merged by reciprocal rank fusion (k = 60). A message matches if it contains some of the words; rarer words count more; quotes and operators are ignored. While the embedding provider is unavailable, or if this server does not have the space's model, the search is by words only, and `mode` and `warnings` say so.",
    },
  },
})

@InputType({
  description: 'Which messages are searched. Omitted and null fields do not restrict the search.',
})
export class SearchFilterInput {
  @Field(() => [ID], { nullable: true, description: 'Only messages of these threads: up to 1,000.' })
  readonly threadIds?: string[] | null

  @Field(() => [MessageRole], { nullable: true, description: 'Only messages with these roles.' })
  readonly roles?: MessageRole[] | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Only messages at this time or later.' })
  readonly createdFrom?: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Only messages before this time.' })
  readonly createdBefore?: Date | null
}
