import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import type { BackfillFailureRecord } from './backfill.failure.sql.js'

@ObjectType({ description: 'A message that the embedder refused: its space has no vectors of it.' })
export class BackfillFailure implements BackfillFailureRecord {
  @Field(() => ID, { description: 'The message.' })
  readonly messageId!: string

  @Field(() => Int, { description: 'Where the message stands in its thread.' })
  readonly sequence!: number

  @Field(() => String, { description: 'Why it was refused the last time, in up to 500 characters.' })
  readonly error!: string

  @Field(() => Int, { description: 'How often it was refused: 1 before any retry.' })
  readonly attempts!: number

  @Field(() => GraphQLDateTime, { description: 'When it was refused the last time.' })
  readonly failedAt!: Date
}

@ObjectType({ description: 'A failure in a list.' })
export class BackfillFailureEdge extends EdgeOf(() => BackfillFailure) {}

@ObjectType({ description: 'A page of failures.' })
export class BackfillFailureConnection extends ConnectionOf(() => BackfillFailureEdge) {}
