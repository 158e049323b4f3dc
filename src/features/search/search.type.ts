import { Field, Float, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { Message } from '../messages/message.type.js'
import { SearchMode } from './search.input.js'
import type { SnippetRecord } from './search.snippet.js'

@ObjectType({ description: 'A word in a snippet that was looked for.' })
export class Highlight {
  @Field(() => Int, { description: 'Its first position in `text`, in UTF-16 code units, from 0.' })
  readonly start!: number

  @Field(() => Int, { description: 'The position after its last.' })
  readonly end!: number
}

@ObjectType({ description: 'A part of a message, as plain text: not HTML, and not safe to show as such.' })
export class Snippet implements SnippetRecord {
  @Field(() => String, {
    description:
      'Up to 200 characters on one line: around the first word that was found, else the beginning of the piece that is nearest in meaning.',
  })
  readonly text!: string

  @Field(() => [Highlight], { description: 'The words in it that were looked for, in order.' })
  readonly highlights!: Highlight[]
}

@ObjectType({ description: 'A message that was found.' })
export class SearchEdge extends EdgeOf(() => Message) {
  @Field(() => Float, {
    description:
      'How good the hit is, by the `mode` of the search. SEMANTIC: the cosine similarity of its nearest piece, 1 is the same direction, 0 unrelated. KEYWORD: how well its words match, from 0 to 1. HYBRID: its places in both rankings, 1 is first in both, 0.5 first in one and not in the other.',
  })
  readonly score!: number

  @Field(() => Float, {
    nullable: true,
    description: 'The cosine similarity of its nearest piece; null when it was found by words only.',
  })
  readonly similarity!: number | null

  @Field(() => Snippet, { description: 'The part of the message that was found.' })
  readonly snippet!: Snippet
}

@ObjectType({
  description:
    'What a search found, the best first, each message once. A search shows up to 1,000 hits: no page follows beyond.',
})
export class SearchConnection extends ConnectionOf(() => SearchEdge) {
  @Field(() => SearchMode, {
    description: 'How the space was searched: KEYWORD when HYBRID was asked for and meaning had no answer.',
  })
  readonly mode!: SearchMode

  @Field(() => [String], {
    description: 'Why the search was less than what was asked for; empty when it was not.',
  })
  readonly warnings!: string[]
}
