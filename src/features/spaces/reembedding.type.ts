import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { ReembeddingStatus } from '../../generated/prisma/enums.js'
import { countsOf } from '../backfills/backfill.type.js'
import type { ReembeddingRecord } from './reembedding.sql.js'

registerEnumType(ReembeddingStatus, {
  name: 'ReembeddingStatus',
  description: 'Where a re-embedding stands. COMPLETED, FAILED and CANCELED are final.',
  valuesConfig: {
    RUNNING: { description: 'The new memory is being built; the old one answers searches.' },
    COMPLETED: { description: 'The new memory answers searches; the old one is gone.' },
    FAILED: { description: 'The new model refused every message; the old memory answers searches.' },
    CANCELED: {
      description: 'Ended by cancelReembedding or deleteSpace. The old memory answers searches.',
    },
  },
})

@ObjectType({ description: 'Building the memory of a space anew by another embedding model.' })
export class Reembedding {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => String, { description: 'The new model.' })
  readonly model!: string

  @Field(() => Int, { description: "The new model's dimensions." })
  readonly dimensions!: number

  @Field(() => ReembeddingStatus, { description: 'Where it stands.' })
  readonly status!: ReembeddingStatus

  @Field(() => GraphQLSafeInt, {
    description:
      'Messages that belong to it: those that its threads had when it started, or when they were added. Later ones are embedded, but not counted here.',
  })
  readonly total!: number

  @Field(() => GraphQLSafeInt, {
    description: '`embedded + skipped + failed`: never falls, never passes `total`.',
  })
  readonly processed!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages whose vectors are in the new memory.' })
  readonly embedded!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages without text, or of threads that went meanwhile.' })
  readonly skipped!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Messages that the new model refused; once it serves, retryBackfill takes them again.',
  })
  readonly failed!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Embedded messages that were copied from another space of this model.',
  })
  readonly reused!: number

  @Field(() => Float, { description: '0 to 100, with one decimal; 100 when there is nothing to do.' })
  readonly percent!: number

  @Field(() => GraphQLSafeInt, { description: 'Rises with every change; some may be passed over.' })
  readonly sequence!: number

  @Field(() => String, {
    nullable: true,
    description: 'Why it waits to try again, or the last refusal; null when all is well.',
  })
  readonly lastError!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it tries again after the embedder was away; null otherwise.',
  })
  readonly nextAttemptAt!: Date | null

  @Field(() => GraphQLDateTime, { description: 'When it was asked for.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null before.' })
  readonly finishedAt!: Date | null

  readonly spaceId!: string
}

@ObjectType({ description: 'A re-embedding after a mutation.' })
export class ReembeddingPayload {
  @Field(() => Reembedding, { description: 'The re-embedding: watch it with reembedProgress.' })
  readonly reembedding!: Reembedding
}

@ObjectType({ description: 'A model that this server embeds with.' })
export class EmbeddingModelInfo {
  @Field(() => String, { description: 'Its name, as reembedSpace takes it.' })
  readonly model!: string

  @Field(() => Int, { description: 'Length of its vectors.' })
  readonly dimensions!: number

  @Field(() => Boolean, { description: 'Whether new spaces get it.' })
  readonly isDefault!: boolean
}

export function toReembedding(row: ReembeddingRecord): Reembedding {
  return { ...row, ...countsOf(row) }
}
