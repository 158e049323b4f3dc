import { Field, Float, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { Message } from '../messages/message.type.js'
import { Thread } from '../threads/thread.type.js'
import { Snippet } from './search.type.js'

@ObjectType({ description: 'A thread that was found.' })
export class ThreadSearchEdge extends EdgeOf(() => Thread) {
  @Field(() => Float, { description: 'How well its title or its best message matches, from 0 to 1.' })
  readonly score!: number

  @Field(() => Message, {
    nullable: true,
    description: 'Its message that matches best; null when only its title matches.',
  })
  readonly message!: Message | null

  @Field(() => Snippet, { nullable: true, description: 'The part of that message that was found.' })
  readonly snippet!: Snippet | null
}

@ObjectType({
  description:
    'The threads that a search found, the best first, each once. A search shows up to 1,000 of them: no page follows beyond.',
})
export class ThreadSearchConnection extends ConnectionOf(() => ThreadSearchEdge) {}
