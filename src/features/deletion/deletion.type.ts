import { GraphQLDateTime, GraphQLJSONObject, GraphQLSafeInt } from 'graphql-scalars'
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { DeletionMode } from '../../generated/prisma/enums.js'

registerEnumType(DeletionMode, {
  name: 'DeletionMode',
  description: 'Whether a deletion can be undone.',
  valuesConfig: {
    SOFT: { description: 'Hidden at once, restorable for THREAD_RETENTION_DAYS (default 30).' },
    PERMANENT: { description: 'Gone at once.' },
  },
})

export const DeletionStatus = { SUCCESS: 'SUCCESS', PARTIAL: 'PARTIAL', ERROR: 'ERROR' } as const
export type DeletionStatus = (typeof DeletionStatus)[keyof typeof DeletionStatus]

registerEnumType(DeletionStatus, {
  name: 'DeletionStatus',
  description: 'How far a deletion is.',
  valuesConfig: {
    SUCCESS: { description: 'All of it is done.' },
    PARTIAL: {
      description: 'The thread is deleted; an effect outside, like its sandbox, is still under way.',
    },
    ERROR: { description: 'Not deleted. Failures come as GraphQL errors, so a receipt never says so.' },
  },
})

@ObjectType({ description: "A member of a thread's metadata, as far as it has the known form." })
export class DeletedMetadata {
  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null when absent.' })
  readonly tags!: Record<string, string> | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null when absent.' })
  readonly labels!: Record<string, string> | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null when absent.' })
  readonly annotations!: Record<string, string> | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'String map; null when absent.' })
  readonly extra!: Record<string, string> | null

  @Field(() => String, { nullable: true, description: 'Null when absent.' })
  readonly source!: string | null

  @Field(() => String, { nullable: true, description: 'Null when absent.' })
  readonly version!: string | null
}

/** Source: the deletion reply of Ishvana's API. What is not known is null, never invented. */
@ObjectType({ description: 'The receipt of a deletion. Every field is true or null.' })
export class DeleteThreadPayload {
  @Field(() => DeletionStatus, { description: 'SUCCESS, or PARTIAL while an effect outside is under way.' })
  readonly status!: DeletionStatus

  @Field(() => String, { description: '"Thread deleted successfully".' })
  readonly message!: string

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId!: string

  @Field(() => Int, { description: 'Messages deleted, or hidden by a soft deletion.' })
  readonly deletedMessageCount!: number

  @Field(() => Int, { description: 'Agent runs deleted or hidden, running ones too.' })
  readonly deletedAgentRunCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Vectors deleted or hidden, in all spaces.' })
  readonly deletedVectorCount!: number

  @Field(() => GraphQLDateTime, { description: 'When it was deleted.' })
  readonly deletedAt!: Date

  @Field(() => ID, { description: 'Who deleted it.' })
  readonly deletedBy!: string

  @Field(() => Boolean, { description: 'Whether it can be undone; the opposite of `permanentDelete`.' })
  readonly softDelete!: boolean

  @Field(() => Boolean, { description: 'Whether it is gone for good.' })
  readonly permanentDelete!: boolean

  @Field(() => Boolean, { description: 'Whether the caller can restore it now.' })
  readonly canRestore!: boolean

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it goes for good; null when it has.' })
  readonly restoreUntil!: Date | null

  @Field(() => String, { nullable: true, description: 'Its title before the deletion.' })
  readonly threadTitle!: string | null

  @Field(() => ID, { nullable: true, description: 'Its project; null when it had none.' })
  readonly projectId!: string | null

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether its project went with it; null without a project.',
  })
  readonly projectDeleted!: boolean | null

  @Field(() => ID, { nullable: true, description: 'The id that an import gave it; null otherwise.' })
  readonly conversationId!: string | null

  @Field(() => [String], { description: 'Empty: failures come as GraphQL errors.' })
  readonly errors!: string[]

  @Field(() => [String], { description: 'What is still under way outside, for people.' })
  readonly warnings!: string[]

  @Field(() => Int, { description: 'The length of `errors`.' })
  readonly errorCount!: number

  @Field(() => Int, { description: 'The length of `warnings`.' })
  readonly warningCount!: number

  @Field(() => ID, { description: 'The audit event of this deletion.' })
  readonly auditLogId!: string

  @Field(() => Boolean, { description: 'Whether an export was written first.' })
  readonly backupCreated!: boolean

  @Field(() => String, { nullable: true, description: 'Where that export is; null without one.' })
  readonly backupLocation!: string | null

  @Field(() => ID, { description: "The request's `x-request-id`, or one made here." })
  readonly requestId!: string

  @Field(() => ID, { description: 'Whose thread it was.' })
  readonly userId!: string

  @Field(() => ID, { nullable: true, description: "The token's session (`sid`); null without one." })
  readonly sessionId!: string | null

  @Field(() => ID, { description: 'The trace id of W3C `traceparent`, or one made here.' })
  readonly traceId!: string

  @Field(() => ID, { nullable: true, description: "The request's `x-correlation-id`; null without one." })
  readonly correlationId!: string | null

  @Field(() => Float, { description: 'Milliseconds that the deletion took, measured.' })
  readonly operationDurationMs!: number

  @Field(() => String, { description: "The schema's version." })
  readonly apiVersion!: string

  @Field(() => String, { description: "The build's version." })
  readonly serverVersion!: string

  @Field(() => String, {
    nullable: true,
    description: '`apollographql-client-version` or `x-client-version`; null without either.',
  })
  readonly clientVersion!: string | null

  @Field(() => GraphQLDateTime, { description: 'When this receipt was made.' })
  readonly timestamp!: Date

  @Field(() => String, { description: "The server's ENVIRONMENT." })
  readonly environment!: string

  @Field(() => String, { description: "The server's REGION." })
  readonly region!: string

  @Field(() => DeletedMetadata, {
    nullable: true,
    description: "The metadata's `customMetadata`; null when absent.",
  })
  readonly customMetadata!: DeletedMetadata | null

  @Field(() => String, { nullable: true, description: 'Null unless this operation is going away.' })
  readonly deprecationNotice!: string | null

  @Field(() => String, { nullable: true, description: 'Null unless there is one.' })
  readonly migrationGuide!: string | null

  @Field(() => DeletedMetadata, { nullable: true, description: "The metadata's `extra`; null when absent." })
  readonly extra!: DeletedMetadata | null
}

@ObjectType({ description: 'What a permanent deletion would do now.' })
export class ThreadDeletionPreview {
  @Field(() => Int, { description: 'Messages that would go.' })
  readonly messageCount!: number

  @Field(() => Int, { description: 'Agent runs that would go.' })
  readonly agentRunCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Vectors that would go, in all spaces.' })
  readonly vectorCount!: number

  @Field(() => Int, { description: 'Spaces that would lose the thread.' })
  readonly spaceCount!: number

  @Field(() => Boolean, { description: 'Whether it is the last thread of its project.' })
  readonly projectWillBeDeleted!: boolean

  @Field(() => Boolean, { description: "Whether its project's sandbox would be deleted with it." })
  readonly sandboxWillBeDeleted!: boolean
}
