import { GraphQLDateTime, GraphQLJSONObject, GraphQLSafeInt } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { DeletionMode } from '../../generated/prisma/enums.js'

registerEnumType(DeletionMode, {
  name: 'DeletionMode',
  description: 'Whether a deletion can be undone.',
  valuesConfig: {
    SOFT: { description: 'Hidden immediately, restorable for THREAD_RETENTION_DAYS (default 30).' },
    PERMANENT: { description: 'Deleted immediately, without an undo.' },
  },
})

export const DeletionStatus = { SUCCESS: 'SUCCESS', PARTIAL: 'PARTIAL', ERROR: 'ERROR' } as const
export type DeletionStatus = (typeof DeletionStatus)[keyof typeof DeletionStatus]

registerEnumType(DeletionStatus, {
  name: 'DeletionStatus',
  description: 'Outcome of a deletion.',
  valuesConfig: {
    SUCCESS: { description: 'Everything is done.' },
    PARTIAL: {
      description:
        'The thread is deleted; an effect outside the database, such as deleting its sandbox, is still pending.',
    },
    ERROR: { description: 'Not deleted. Never used in receipts, because failures are GraphQL errors.' },
  },
})

@ObjectType({ description: "A member of a thread's metadata; fields of another form are null." })
export class DeletedMetadata {
  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null if absent.' })
  readonly tags!: Record<string, string> | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null if absent.' })
  readonly labels!: Record<string, string> | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null if absent.' })
  readonly annotations!: Record<string, string> | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null if absent.' })
  readonly extra!: Record<string, string> | null

  @Field(() => String, { nullable: true, description: 'Null if absent.' })
  readonly source!: string | null

  @Field(() => String, { nullable: true, description: 'Null if absent.' })
  readonly version!: string | null
}

/** Source: the deletion reply of Ishvana's API. */
@ObjectType({ description: 'The receipt of a deletion. Unknown values are null, never invented.' })
export class DeleteThreadPayload {
  @Field(() => DeletionStatus, {
    description: 'SUCCESS, or PARTIAL while an effect outside the database is pending.',
  })
  readonly status!: DeletionStatus

  @Field(() => String, { description: '"Thread deleted successfully".' })
  readonly message!: string

  @Field(() => ID, { description: 'Id of the deleted thread.' })
  readonly threadId!: string

  @Field(() => Int, { description: 'Number of messages deleted, or hidden by a soft deletion.' })
  readonly deletedMessageCount!: number

  @Field(() => Int, { description: 'Number of agent runs deleted or hidden, including running ones.' })
  readonly deletedAgentRunCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of vectors deleted or hidden, in all spaces.' })
  readonly deletedVectorCount!: number

  @Field(() => GraphQLDateTime, { description: 'When it was deleted.' })
  readonly deletedAt!: Date

  @Field(() => ID, { description: 'The user who deleted it.' })
  readonly deletedBy!: string

  @Field(() => Boolean, { description: 'Whether it can be undone; the opposite of `permanentDelete`.' })
  readonly softDelete!: boolean

  @Field(() => Boolean, { description: 'Whether it is deleted permanently.' })
  readonly permanentDelete!: boolean

  @Field(() => Boolean, { description: 'Whether the caller can restore it now.' })
  readonly canRestore!: boolean

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it is purged; null if the deletion is permanent.',
  })
  readonly restoreUntil!: Date | null

  @Field(() => String, { nullable: true, description: 'Its title before the deletion.' })
  readonly threadTitle!: string | null

  @Field(() => ID, { nullable: true, description: 'Its project; null if it had none.' })
  readonly projectId!: string | null

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether its project was deleted with it; null without a project.',
  })
  readonly projectDeleted!: boolean | null

  @Field(() => ID, {
    nullable: true,
    description: 'Its id in the imported source; null if it was not imported.',
  })
  readonly conversationId!: string | null

  @Field(() => [String], { description: 'Always empty: failures are GraphQL errors.' })
  readonly errors!: string[]

  @Field(() => [String], { description: 'Effects that are still pending, for people.' })
  readonly warnings!: string[]

  @Field(() => Int, { description: 'Length of `errors`.' })
  readonly errorCount!: number

  @Field(() => Int, { description: 'Length of `warnings`.' })
  readonly warningCount!: number

  @Field(() => ID, { description: 'The audit event of this deletion.' })
  readonly auditLogId!: string

  @Field(() => Boolean, { description: 'Whether a backup was written first.' })
  readonly backupCreated!: boolean

  @Field(() => String, { nullable: true, description: 'Location of that backup; null without one.' })
  readonly backupLocation!: string | null

  @Field(() => ID, { description: "The request's `x-request-id`, or a generated id." })
  readonly requestId!: string

  @Field(() => ID, { description: 'The user who owned the thread.' })
  readonly userId!: string

  @Field(() => ID, { nullable: true, description: "The token's session (`sid`); null without one." })
  readonly sessionId!: string | null

  @Field(() => ID, { description: 'The trace id of W3C `traceparent`, or a generated id.' })
  readonly traceId!: string

  @Field(() => ID, { nullable: true, description: "The request's `x-correlation-id`; null without one." })
  readonly correlationId!: string | null

  @Field(() => Float, { description: 'Duration of the deletion in milliseconds, measured.' })
  readonly operationDurationMs!: number

  @Field(() => String, { description: 'Version of the schema.' })
  readonly apiVersion!: string

  @Field(() => String, { description: 'Version of the server.' })
  readonly serverVersion!: string

  @Field(() => String, {
    nullable: true,
    description: '`apollographql-client-version` or `x-client-version`; null without either.',
  })
  readonly clientVersion!: string | null

  @Field(() => GraphQLDateTime, { description: 'When this receipt was created.' })
  readonly timestamp!: Date

  @Field(() => String, { description: "The server's ENVIRONMENT." })
  readonly environment!: string

  @Field(() => String, { description: "The server's REGION." })
  readonly region!: string

  @Field(() => DeletedMetadata, {
    nullable: true,
    description: "The metadata's `customMetadata`; null if absent.",
  })
  readonly customMetadata!: DeletedMetadata | null

  @Field(() => String, {
    nullable: true,
    description: 'Deprecation of this operation; null if there is none.',
  })
  readonly deprecationNotice!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Migration guide for a deprecation; null if there is none.',
  })
  readonly migrationGuide!: string | null

  @Field(() => DeletedMetadata, { nullable: true, description: "The metadata's `extra`; null if absent." })
  readonly extra!: DeletedMetadata | null
}

@ObjectType({ description: 'What a permanent deletion would delete now.' })
export class ThreadDeletionPreview {
  @Field(() => Int, { description: 'Messages that would be deleted.' })
  readonly messageCount!: number

  @Field(() => Int, { description: 'Agent runs that would be deleted.' })
  readonly agentRunCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Vectors that would be deleted, in all spaces.' })
  readonly vectorCount!: number

  @Field(() => Int, { description: 'Spaces that would lose the thread.' })
  readonly spaceCount!: number

  @Field(() => Boolean, { description: 'Whether it is the last thread of its project.' })
  readonly projectWillBeDeleted!: boolean

  @Field(() => Boolean, { description: "Whether its project's sandbox would be deleted with it." })
  readonly sandboxWillBeDeleted!: boolean
}
