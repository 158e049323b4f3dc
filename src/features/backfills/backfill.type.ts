import { GraphQLDateTime } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { BackfillKind, BackfillStatus } from '../../generated/prisma/enums.js'
import type { BackfillRecord } from './backfill.sql.js'

registerEnumType(BackfillStatus, {
  name: 'BackfillStatus',
  description: 'State of a backfill. COMPLETED, FAILED and CANCELED are terminal.',
  valuesConfig: {
    QUEUED: { description: 'Waiting for a worker.' },
    RUNNING: { description: 'Running, or waiting for a retry: see `lastError`.' },
    COMPLETED: { description: 'Every message was embedded, skipped or refused.' },
    FAILED: { description: 'Messages were refused, and none was embedded.' },
    CANCELED: {
      description:
        'Ended by cancelBackfill, or because its thread was removed from the space, or either was deleted.',
    },
  },
})

registerEnumType(BackfillKind, {
  name: 'BackfillKind',
  description: 'What a backfill embeds.',
  valuesConfig: {
    ADD: { description: 'The messages that a thread had when it was added or resumed.' },
    REEMBED: { description: 'All messages of a thread, with the new model of reembedSpace.' },
    RETRY: { description: 'Messages that were refused or left over by an earlier backfill.' },
  },
})

/** What a backfill and its progress share. */
@ObjectType()
abstract class BackfillCounts {
  @Field(() => BackfillStatus, { description: 'Current state.' })
  readonly status!: BackfillStatus

  @Field(() => Int, {
    description:
      'Number of messages that belong to it; later messages are embedded too, but not counted here.',
  })
  readonly total!: number

  @Field(() => Int, { description: '`embedded + skipped + failed`: never falls and never exceeds `total`.' })
  readonly processed!: number

  @Field(() => Int, { description: 'Number of messages whose vectors were stored.' })
  readonly embedded!: number

  @Field(() => Int, {
    description:
      'Number of messages among `embedded` whose vectors were copied from another space with the same model, without calling the embedding provider.',
  })
  readonly reused!: number

  @Field(() => Int, {
    description: 'Number of messages without text, or deleted before they were embedded.',
  })
  readonly skipped!: number

  @Field(() => Int, {
    description: 'Number of messages that the embedding model refused; retryBackfill tries them again.',
  })
  readonly failed!: number

  @Field(() => Float, { description: '0 to 100, with one decimal; 100 if there is nothing to do.' })
  readonly percent!: number

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
}

@ObjectType({ description: 'Embedding of a set of messages of a thread into a space, with its progress.' })
export class Backfill extends BackfillCounts {
  @Field(() => ID, { description: 'Id of the backfill.' })
  readonly id!: string

  @Field(() => BackfillKind, { description: 'Which messages it embeds.' })
  readonly kind!: BackfillKind

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When a worker started it; null before.' })
  readonly startedAt!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null before.' })
  readonly finishedAt!: Date | null

  readonly spaceId!: string
  readonly threadId!: string
}

@ObjectType({ description: 'Progress of a backfill at one moment.' })
export class BackfillProgress extends BackfillCounts {
  @Field(() => Int, { description: 'Rises with every change of the backfill; may skip numbers.' })
  readonly sequence!: number

  @Field(() => ID, { description: 'Id of the backfill.' })
  readonly backfillId!: string

  @Field(() => ID, { description: 'Id of the space.' })
  readonly spaceId!: string

  @Field(() => ID, { description: 'Id of the thread.' })
  readonly threadId!: string

  @Field(() => Float, {
    nullable: true,
    description: 'Messages processed per second since its start; null before.',
  })
  readonly messagesPerSecond!: number | null

  @Field(() => Int, {
    nullable: true,
    description: 'Estimated seconds until its end; 0 once it has ended, null while unknown.',
  })
  readonly etaSeconds!: number | null

  @Field(() => GraphQLDateTime, { description: 'Time of the last change of the backfill.' })
  readonly updatedAt!: Date
}

@ObjectType({ description: 'Result of cancelBackfill and retryBackfill.' })
export class BackfillPayload {
  @Field(() => Backfill, { description: 'The canceled backfill, or the new one of a retry.' })
  readonly backfill!: Backfill
}

export function toBackfill(row: BackfillRecord): Backfill {
  return { ...row, ...countsOf(row) }
}

export function toProgress(row: BackfillRecord): BackfillProgress {
  const { sequence, spaceId, threadId, status, total, embedded, reused, skipped, failed } = row
  const { lastError, nextAttemptAt, updatedAt } = row
  const counts = {
    status,
    total,
    embedded,
    reused,
    skipped,
    failed,
    lastError,
    nextAttemptAt,
    ...countsOf(row),
  }
  return { sequence, backfillId: row.id, spaceId, threadId, updatedAt, ...counts, ...paceOf(row) }
}

export function countsOf({
  total,
  embedded,
  skipped,
  failed,
}: Pick<BackfillRecord, 'total' | 'embedded' | 'skipped' | 'failed'>) {
  const processed = embedded + skipped + failed
  // Rounded down, so that 100 means all of it.
  const percent = total === 0 ? 100 : Math.floor((processed * 1_000) / total) / 10
  return { processed, percent }
}

function paceOf({ total, embedded, skipped, failed, startedAt, finishedAt, updatedAt }: BackfillRecord) {
  const processed = embedded + skipped + failed
  const seconds = startedAt ? (updatedAt.getTime() - startedAt.getTime()) / 1_000 : 0
  const rate = processed > 0 && seconds > 0 ? processed / seconds : null
  const etaSeconds = finishedAt ? 0 : rate === null ? null : Math.ceil((total - processed) / rate)
  return { messagesPerSecond: rate === null ? null : Math.round(rate * 10) / 10, etaSeconds }
}
