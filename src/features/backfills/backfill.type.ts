import { GraphQLDateTime } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { BackfillKind, BackfillStatus } from '../../generated/prisma/enums.js'
import type { BackfillRecord } from './backfill.sql.js'

registerEnumType(BackfillStatus, {
  name: 'BackfillStatus',
  description: 'Where a backfill stands. COMPLETED, FAILED and CANCELED are final.',
  valuesConfig: {
    QUEUED: { description: 'No worker has taken it yet.' },
    RUNNING: { description: 'At work, or waiting to try again: see `lastError`.' },
    COMPLETED: { description: 'Every message was embedded, skipped or refused.' },
    FAILED: { description: 'Messages were refused, and none was embedded.' },
    CANCELED: { description: 'Ended by cancelBackfill, or because its thread or space went.' },
  },
})

registerEnumType(BackfillKind, {
  name: 'BackfillKind',
  description: 'What a backfill embeds.',
  valuesConfig: {
    ADD: { description: 'The messages that a thread had when it was added, or when it was resumed.' },
    REEMBED: { description: 'All messages of a thread, for the memory that reembedSpace builds anew.' },
    RETRY: { description: 'The messages that were refused before.' },
  },
})

/** What a backfill and its progress share. */
@ObjectType()
abstract class BackfillCounts {
  @Field(() => BackfillStatus, { description: 'Where it stands.' })
  readonly status!: BackfillStatus

  @Field(() => Int, {
    description: 'Messages that belong to it; later ones are embedded, but not counted here.',
  })
  readonly total!: number

  @Field(() => Int, { description: '`embedded + skipped + failed`: never falls, never passes `total`.' })
  readonly processed!: number

  @Field(() => Int, { description: 'Messages whose vectors are in the space.' })
  readonly embedded!: number

  @Field(() => Int, {
    description:
      'Messages of `embedded` whose vectors were copied from another space with the same model, without a call to the embedder.',
  })
  readonly reused!: number

  @Field(() => Int, {
    description: 'Messages without text, and those that were deleted before they were embedded.',
  })
  readonly skipped!: number

  @Field(() => Int, { description: 'Messages that the embedder refused; retryBackfill takes them again.' })
  readonly failed!: number

  @Field(() => Float, { description: '0 to 100, with one decimal; 100 when there is nothing to do.' })
  readonly percent!: number

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
}

@ObjectType({ description: 'One run of embedding messages of a thread into a space, and its counts.' })
export class Backfill extends BackfillCounts {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => BackfillKind, { description: 'What it embeds.' })
  readonly kind!: BackfillKind

  @Field(() => GraphQLDateTime, { description: 'When it was asked for.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When a worker took it; null before.' })
  readonly startedAt!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null before.' })
  readonly finishedAt!: Date | null

  readonly spaceId!: string
  readonly threadId!: string
}

@ObjectType({ description: 'How a backfill stands at one moment.' })
export class BackfillProgress extends BackfillCounts {
  @Field(() => Int, { description: 'Rises with every change of the backfill; some may be passed over.' })
  readonly sequence!: number

  @Field(() => ID, { description: 'The backfill.' })
  readonly backfillId!: string

  @Field(() => ID, { description: 'The space.' })
  readonly spaceId!: string

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId!: string

  @Field(() => Float, {
    nullable: true,
    description: 'Messages processed a second since its start; null before.',
  })
  readonly messagesPerSecond!: number | null

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds until its end at this rate; 0 once it ended, null while unknown.',
  })
  readonly etaSeconds!: number | null

  @Field(() => GraphQLDateTime, { description: 'When the backfill last changed.' })
  readonly updatedAt!: Date
}

@ObjectType({ description: 'A backfill after it was canceled or retried.' })
export class BackfillPayload {
  @Field(() => Backfill, { description: 'The backfill.' })
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
