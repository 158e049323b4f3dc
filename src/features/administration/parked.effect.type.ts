import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import type { EffectRecord } from './parked.effect.sql.js'

@ObjectType({
  description:
    'An action outside the database, caused by a change in it. It is parked after too many failed attempts, or if it cannot succeed.',
})
export class Effect implements EffectRecord {
  @Field(() => ID, { description: 'Id of the effect, for retryEffect.' })
  readonly id!: string

  @Field(() => String, { description: 'What is to be done, for example `sandbox.delete`.' })
  readonly kind!: string

  @Field(() => GraphQLJSONObject, {
    description: 'What to act on: for `sandbox.delete`, `sandboxId` and `projectId`.',
  })
  readonly payload!: Record<string, unknown>

  @Field(() => Int, { description: 'Failed attempts since it was created or last retried.' })
  readonly attempts!: number

  @Field(() => String, {
    nullable: true,
    description: 'Error of the last failed attempt; null if none failed.',
  })
  readonly lastError!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it was parked; null if it is not parked.',
  })
  readonly parkedAt!: Date | null

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  @Field(() => String, {
    nullable: true,
    description: 'The id of the request that caused it; null if none did.',
  })
  readonly requestId!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The trace id of the request that caused it; null if none did.',
  })
  readonly traceId!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The correlation id of the request that caused it; null if it had none.',
  })
  readonly correlationId!: string | null
}

@ObjectType({ description: 'An effect and its cursor.' })
export class ParkedEffectEdge extends EdgeOf(() => Effect) {}

@ObjectType({ description: 'A page of parked effects.' })
export class ParkedEffectConnection extends ConnectionOf(() => ParkedEffectEdge) {}

@ObjectType({ description: 'The effect after retryEffect.' })
export class RetryEffectPayload {
  @Field(() => Effect, { description: 'The effect, no longer parked.' })
  readonly effect!: Effect
}
