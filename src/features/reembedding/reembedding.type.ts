import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { ReembeddingStatus } from '../../generated/prisma/enums.js'
import { countsOf } from '../backfills/backfill.type.js'
import type { ReembeddingRecord } from '../stores/reembedding.sql.js'

registerEnumType(ReembeddingStatus, {
  name: 'ReembeddingStatus',
  description: 'State of a re-embedding. COMPLETED, FAILED and CANCELED are terminal.',
  valuesConfig: {
    RUNNING: { description: 'The new vectors are being created; the old ones answer searches.' },
    COMPLETED: { description: 'The new vectors answer searches; the old ones are removed.' },
    FAILED: { description: 'The new model refused every message; the old vectors answer searches.' },
    CANCELED: {
      description: 'Ended by cancelReembedding or deleteSpace. The old vectors answer searches.',
    },
  },
})

@ObjectType({ description: "Replacement of a space's vectors with those of another embedding model." })
export class Reembedding {
  @Field(() => ID, { description: 'Id of the re-embedding.' })
  readonly id!: string

  @Field(() => String, { description: 'The new model.' })
  readonly model!: string

  @Field(() => Int, { description: "The new model's dimensions." })
  readonly dimensions!: number

  @Field(() => ReembeddingStatus, { description: 'Current state.' })
  readonly status!: ReembeddingStatus

  @Field(() => GraphQLSafeInt, {
    description:
      'Number of messages that belong to it: those that its threads had when it started, or when they were added. Later messages are embedded too, but not counted here.',
  })
  readonly total!: number

  @Field(() => GraphQLSafeInt, {
    description: '`embedded + skipped + failed`: never falls and never exceeds `total`.',
  })
  readonly processed!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of messages with new vectors.' })
  readonly embedded!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Number of messages without text, or of threads removed in the meantime.',
  })
  readonly skipped!: number

  @Field(() => GraphQLSafeInt, {
    description:
      'Number of messages that the new model refused; after the switch, retryBackfill tries them again.',
  })
  readonly failed!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Number of embedded messages whose vectors were copied from another space with this model.',
  })
  readonly reused!: number

  @Field(() => Float, { description: '0 to 100, with one decimal; 100 if there is nothing to do.' })
  readonly percent!: number

  @Field(() => GraphQLSafeInt, { description: 'Rises with every change; may skip numbers.' })
  readonly sequence!: number

  @Field(() => String, {
    nullable: true,
    description: 'Last error, or why the next attempt is delayed; null if there is none.',
  })
  readonly lastError!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Time of the next attempt while the embedding provider is unavailable; otherwise null.',
  })
  readonly nextAttemptAt!: Date | null

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null before.' })
  readonly finishedAt!: Date | null

  readonly spaceId!: string
}

@ObjectType({ description: 'Result of reembedSpace and cancelReembedding.' })
export class ReembeddingPayload {
  @Field(() => Reembedding, { description: 'The re-embedding; follow it with reembedProgress.' })
  readonly reembedding!: Reembedding
}

@ObjectType({ description: 'An embedding model of this server.' })
export class EmbeddingModelInfo {
  @Field(() => String, { description: 'Its name, for reembedSpace.' })
  readonly model!: string

  @Field(() => Int, { description: 'Number of dimensions of its vectors.' })
  readonly dimensions!: number

  @Field(() => Boolean, { description: 'Whether new spaces use it.' })
  readonly isDefault!: boolean
}

export function toReembedding(row: ReembeddingRecord): Reembedding {
  return { ...row, ...countsOf(row) }
}
