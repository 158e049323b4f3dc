import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { DeletionBatchRecord } from '../purge/deletion.batch.sql.js'

export const DeletionProgressStatus = { RUNNING: 'RUNNING', COMPLETED: 'COMPLETED' } as const
export type DeletionProgressStatus = (typeof DeletionProgressStatus)[keyof typeof DeletionProgressStatus]

registerEnumType(DeletionProgressStatus, {
  name: 'DeletionProgressStatus',
  description: 'Whether anything is left to be purged. COMPLETED is final.',
  valuesConfig: {
    RUNNING: { description: 'At work, or waiting to try again: see `lastError`.' },
    COMPLETED: { description: 'Nothing is left to do: all is gone, or can still be restored.' },
  },
})

@ObjectType({ description: 'How far a deletion is.' })
export class DeletionProgress {
  @Field(() => Int, { description: 'Rises with every change; some may be passed over.' })
  readonly sequence!: number

  @Field(() => ID, { description: 'The deletion.' })
  readonly batchId!: string

  @Field(() => ID, { nullable: true, description: 'Its thread; null when it took many.' })
  readonly threadId!: string | null

  @Field(() => DeletionProgressStatus, { description: 'Whether anything is left.' })
  readonly status!: DeletionProgressStatus

  @Field(() => Int, { description: 'Threads that it took.' })
  readonly totalThreads!: number

  @Field(() => Int, { description: 'Threads of which nothing is left.' })
  readonly deletedThreads!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages of those threads.' })
  readonly totalMessages!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages that are gone.' })
  readonly deletedMessages!: number

  @Field(() => Float, { description: '0 to 100, by messages and threads, with one decimal.' })
  readonly percent!: number

  @Field(() => String, { nullable: true, description: 'Why it waits to try again; null when all is well.' })
  readonly lastError!: string | null

  @Field(() => GraphQLDateTime, { description: 'When it last changed.' })
  readonly updatedAt!: Date
}

export function toDeletionProgress(row: DeletionBatchRecord): DeletionProgress {
  const { id, threadId, state, count, messageCount, purgedThreads, purgedMessages } = row
  const total = count + messageCount
  return {
    sequence: row.sequence,
    batchId: id,
    threadId,
    status: state === 'PURGING' ? 'RUNNING' : 'COMPLETED',
    totalThreads: count,
    deletedThreads: purgedThreads,
    totalMessages: messageCount,
    deletedMessages: purgedMessages,
    // Rounded down, so that 100 means all of it.
    percent: total === 0 ? 100 : Math.floor(((purgedThreads + purgedMessages) * 1_000) / total) / 10,
    lastError: row.lastError,
    updatedAt: row.updatedAt,
  }
}
