import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import { DeletionStatus } from './deletion.type.js'

@ObjectType({
  description: 'What a permanent deletion of all of your threads would do now, and how to confirm it.',
})
export class ThreadsDeletionPreview {
  @Field(() => Int, { description: 'Threads that would go; those under a legal hold are not among them.' })
  readonly threadCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages that would go.' })
  readonly messageCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Vectors that would go, in all spaces.' })
  readonly vectorCount!: number

  @Field(() => Int, { description: 'Projects that would be left empty and go too.' })
  readonly projectCount!: number

  @Field(() => Int, { description: 'Sandboxes of those projects.' })
  readonly sandboxCount!: number

  @Field(() => String, {
    description: 'Pass it to deleteAllThreads: valid once, for the same caller and scope.',
  })
  readonly confirmationToken!: string

  @Field(() => GraphQLDateTime, { description: 'When the token ends: ten minutes from now.' })
  readonly expiresAt!: Date
}

@ObjectType({ description: 'What deleteAllThreads deleted.' })
export class DeleteAllThreadsPayload {
  @Field(() => DeletionStatus, {
    description: 'SUCCESS, or PARTIAL while threads that nobody sees any more are purged.',
  })
  readonly status!: DeletionStatus

  @Field(() => Int, { description: 'Threads deleted: all of them, however many.' })
  readonly deleted!: number

  @Field(() => String, { description: '"Successfully deleted 42 thread(s)".' })
  readonly message!: string

  @Field(() => ID, {
    nullable: true,
    description: 'Undoes a soft deletion in one step with restoreThreads; null when none was deleted.',
  })
  readonly batchId!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When they go for good; null when they do now, or none was deleted.',
  })
  readonly restoreUntil!: Date | null

  @Field(() => ID, { description: 'The audit event of this deletion.' })
  readonly auditLogId!: string
}
