import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { DeletionBatchRecord } from './purge/deletion.batch.sql.js'

export const DeletionProgressStatus = { RUNNING: 'RUNNING', COMPLETED: 'COMPLETED' } as const
export type DeletionProgressStatus = (typeof DeletionProgressStatus)[keyof typeof DeletionProgressStatus]

registerEnumType(DeletionProgressStatus, {
  name: 'DeletionProgressStatus',
  description: 'Whether anything is left to purge. COMPLETED is terminal.',
  valuesConfig: {
    RUNNING: { description: 'Running, or waiting for a retry: see `lastError`.' },
    COMPLETED: {
      description: 'Nothing left to do: everything was purged, restored, or can still be restored.',
    },
  },
})

@ObjectType({ description: 'Progress of a deletion.' })
export class DeletionProgress {
  @Field(() => Int, { description: 'Rises with every change; may skip numbers.' })
  readonly sequence!: number

  @Field(() => ID, { description: 'Id of the deletion.' })
  readonly batchId!: string

  @Field(() => ID, { nullable: true, description: 'The deleted thread; null for a deletion of all threads.' })
  readonly threadId!: string | null

  @Field(() => DeletionProgressStatus, { description: 'Current state.' })
  readonly status!: DeletionProgressStatus

  @Field(() => Int, { description: 'Number of threads deleted.' })
  readonly totalThreads!: number

  @Field(() => Int, { description: 'Number of threads purged.' })
  readonly deletedThreads!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of messages in those threads.' })
  readonly totalMessages!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of messages purged.' })
  readonly deletedMessages!: number

  @Field(() => Float, { description: '0 to 100, by messages and threads, with one decimal.' })
  readonly percent!: number

  @Field(() => String, { nullable: true, description: 'Last error; null if there is none.' })
  readonly lastError!: string | null

  @Field(() => GraphQLDateTime, { description: 'Time of the last change.' })
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
    // Rounded down, so that 100 means everything.
    percent: total === 0 ? 100 : Math.floor(((purgedThreads + purgedMessages) * 1_000) / total) / 10,
    lastError: row.lastError,
    updatedAt: row.updatedAt,
  }
}
