import { Field, Float, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { Message } from '../messages/message.type.js'
import { Thread } from '../threads/thread.type.js'
import { Snippet } from './search.type.js'

@ObjectType({ description: 'A found thread with its score.' })
export class ThreadSearchEdge extends EdgeOf(() => Thread) {
  @Field(() => Float, { description: 'How well its title or its best message matches, from 0 to 1.' })
  readonly score!: number

  @Field(() => Message, {
    nullable: true,
    description: 'Its best matching message; null if only its title matches.',
  })
  readonly message!: Message | null

  @Field(() => Snippet, { nullable: true, description: 'The matching part of that message.' })
  readonly snippet!: Snippet | null
}

@ObjectType({
  description:
    'Threads found by a search, best first, each once. A search returns at most 1,000 threads in all.',
})
export class ThreadSearchConnection extends ConnectionOf(() => ThreadSearchEdge) {}
