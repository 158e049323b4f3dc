import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { DeletionStatus } from './deletion.type.js'

@ObjectType({
  description:
    "What a permanent deletion of all of the caller's threads would delete now, and the token that confirms it.",
})
export class ThreadsDeletionPreview {
  @Field(() => Int, { description: 'Threads that would be deleted, without those under a legal hold.' })
  readonly threadCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages that would be deleted.' })
  readonly messageCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Vectors that would be deleted, in all spaces.' })
  readonly vectorCount!: number

  @Field(() => Int, { description: 'Projects that would be left empty and deleted too.' })
  readonly projectCount!: number

  @Field(() => Int, { description: 'Sandboxes of those projects, which would be deleted too.' })
  readonly sandboxCount!: number

  @Field(() => String, {
    description: 'Token for deleteAllThreads: valid once, for the same caller and scope.',
  })
  readonly confirmationToken!: string

  @Field(() => GraphQLDateTime, { description: 'When the token expires: ten minutes from now.' })
  readonly expiresAt!: Date
}

@ObjectType({ description: 'Result of deleteAllThreads.' })
export class DeleteAllThreadsPayload {
  @Field(() => DeletionStatus, {
    description: 'SUCCESS, or PARTIAL while the hidden threads are still being purged.',
  })
  readonly status!: DeletionStatus

  @Field(() => Int, { description: 'Number of threads deleted.' })
  readonly deleted!: number

  @Field(() => String, { description: '"Successfully deleted 42 thread(s)".' })
  readonly message!: string

  @Field(() => ID, {
    nullable: true,
    description:
      'Pass it to restoreThreads to undo a soft deletion, or to deletionProgress; null if no thread was deleted.',
  })
  readonly batchId!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the threads are purged; null if the deletion is permanent, or no thread was deleted.',
  })
  readonly restoreUntil!: Date | null

  @Field(() => ID, { description: 'The audit event of this deletion.' })
  readonly auditLogId!: string
}
