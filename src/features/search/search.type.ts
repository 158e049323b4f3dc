import { Field, Float, ObjectType } from 'type-graphql'
import { Message } from '../messages/message.type.js'

@ObjectType({ description: 'A message that was found.' })
export class SearchEdge {
  @Field(() => Float, {
    description: 'Cosine similarity of its nearest piece: 1 is the same direction, 0 unrelated.',
  })
  readonly score!: number

  @Field(() => Message, { description: 'The message.' })
  readonly node!: Message
}

@ObjectType({ description: 'What a search found, the nearest first.' })
export class SearchConnection {
  @Field(() => [SearchEdge], { description: 'The messages that were found.' })
  readonly edges!: SearchEdge[]
}
