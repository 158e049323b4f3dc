import { Field, Float, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { Message } from '../messages/message.type.js'
import { SearchMode } from './search.input.js'
import type { SnippetRecord } from './search.snippet.js'

@ObjectType({ description: 'A matching word in a snippet.' })
export class Highlight {
  @Field(() => Int, { description: 'Its start in `text`, in UTF-16 code units, from 0.' })
  readonly start!: number

  @Field(() => Int, { description: 'Its end in `text`, exclusive.' })
  readonly end!: number
}

@ObjectType({ description: 'An excerpt of a message, as plain text; escape it before using it as HTML.' })
export class Snippet implements SnippetRecord {
  @Field(() => String, {
    description:
      'Up to 200 characters on one line: around the first matching word, or else the beginning of the passage that is nearest in meaning.',
  })
  readonly text!: string

  @Field(() => [Highlight], { description: 'Matching words in it, in order.' })
  readonly highlights!: Highlight[]
}

@ObjectType({ description: 'A found message with its score.' })
export class SearchEdge extends EdgeOf(() => Message) {
  @Field(() => Float, {
    description:
      'Relevance, depending on `mode`. SEMANTIC: cosine similarity of its nearest passage; 1 is the same direction, 0 unrelated. KEYWORD: how well its words match, from 0 to 1. HYBRID: from its ranks in both rankings; 1 is first in both, 0.5 is first in one and absent from the other.',
  })
  readonly score!: number

  @Field(() => Float, {
    nullable: true,
    description: 'Cosine similarity of its nearest passage; null if it was found by words only.',
  })
  readonly similarity!: number | null

  @Field(() => Snippet, { description: 'The matching part of the message.' })
  readonly snippet!: Snippet
}

@ObjectType({
  description:
    'Results of a search, best first, each message once. A search returns at most 1,000 results in all.',
})
export class SearchConnection extends ConnectionOf(() => SearchEdge) {
  @Field(() => SearchMode, {
    description:
      'How the space was searched: KEYWORD if HYBRID was requested but the search by meaning was not possible.',
  })
  readonly mode!: SearchMode

  @Field(() => [String], {
    description: 'Why the search was limited; empty if it was not.',
  })
  readonly warnings!: string[]
}
