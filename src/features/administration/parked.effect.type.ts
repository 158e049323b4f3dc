import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import type { EffectRecord } from './parked.effect.sql.js'

@ObjectType({
  description:
    'Something to do outside the database because of what was done in it. It is parked when it failed too often, or cannot succeed.',
})
export class Effect implements EffectRecord {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => String, { description: 'What is to be done: `sandbox.delete`.' })
  readonly kind!: string

  @Field(() => GraphQLJSONObject, {
    description: 'What it is to be done to: `sandboxId` and `projectId` of `sandbox.delete`.',
  })
  readonly payload!: Record<string, unknown>

  @Field(() => Int, { description: 'Failed tries since it was made, or last retried.' })
  readonly attempts!: number

  @Field(() => String, { nullable: true, description: 'Why the last try failed; null before the first.' })
  readonly lastError!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Since when nobody tries it any more; null while it is tried.',
  })
  readonly parkedAt!: Date | null

  @Field(() => GraphQLDateTime, { description: 'When it was caused.' })
  readonly createdAt!: Date

  @Field(() => String, {
    nullable: true,
    description: 'The id of the request that caused it; null when none did.',
  })
  readonly requestId!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The trace id of the request that caused it; null when none did.',
  })
  readonly traceId!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The correlation id of the request that caused it; null when it had none.',
  })
  readonly correlationId!: string | null
}

@ObjectType({ description: 'A parked effect in a list.' })
export class ParkedEffectEdge extends EdgeOf(() => Effect) {}

@ObjectType({ description: 'A page of parked effects.' })
export class ParkedEffectConnection extends ConnectionOf(() => ParkedEffectEdge) {}

@ObjectType({ description: 'The effect that retryEffect let go again.' })
export class RetryEffectPayload {
  @Field(() => Effect, { description: 'The effect, about to be tried.' })
  readonly effect!: Effect
}
