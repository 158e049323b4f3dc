import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import type { BackfillFailureRecord } from './backfill.failure.sql.js'

@ObjectType({ description: 'A message that the embedding model refused: the space has no vectors for it.' })
export class BackfillFailure implements BackfillFailureRecord {
  @Field(() => ID, { description: 'Id of the message.' })
  readonly messageId!: string

  @Field(() => Int, { description: 'Sequence of the message in its thread.' })
  readonly sequence!: number

  @Field(() => String, { description: 'Reason of the last refusal, up to 500 characters.' })
  readonly error!: string

  @Field(() => Int, { description: 'Number of refusals: 1 before any retry.' })
  readonly attempts!: number

  @Field(() => GraphQLDateTime, { description: 'Time of the last refusal.' })
  readonly failedAt!: Date
}

@ObjectType({ description: 'A failure and its cursor.' })
export class BackfillFailureEdge extends EdgeOf(() => BackfillFailure) {}

@ObjectType({ description: 'A page of failures.' })
export class BackfillFailureConnection extends ConnectionOf(() => BackfillFailureEdge) {}
