import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { ArgsType, Field, ID, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import type { AuditEventRecord, AuditFilter } from './audit.event.sql.js'

@ObjectType({
  description: 'Who did what to which object. Written in the transaction of the change, and immutable.',
})
export class AuditEvent implements AuditEventRecord {
  @Field(() => ID, { description: 'Id of the event.' })
  readonly id!: string

  @Field(() => String, { description: 'What was done, for example `thread.soft-deleted`.' })
  readonly action!: string

  @Field(() => ID, {
    description: 'The user who did it; `system` for what Heddle did later in the background.',
  })
  readonly actorId!: string

  @Field(() => ID, { nullable: true, description: 'The API key that was used; null if a token was used.' })
  readonly apiKeyId!: string | null

  @Field(() => ID, {
    nullable: true,
    description:
      'Owner of the service key that acted for the actor (X-On-Behalf-Of); null if the actor called directly.',
  })
  readonly serviceUserId!: string | null

  @Field(() => String, {
    description:
      'Type of the target: `organization`, `project`, `thread`, `message`, `space`, `backfill`, `user`, `effect` or `api-key`.',
  })
  readonly targetType!: string

  @Field(() => ID, { description: 'Id of the target, which may have been deleted since.' })
  readonly targetId!: string

  @Field(() => GraphQLJSONObject, {
    description: 'Further ids and counts, depending on the action.',
  })
  readonly details!: Record<string, unknown>

  @Field(() => String, {
    nullable: true,
    description: '`x-request-id`, or generated; null if no request caused it.',
  })
  readonly requestId!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The trace id of W3C `traceparent`, or generated; null if no request caused it.',
  })
  readonly traceId!: string | null

  @Field(() => String, { nullable: true, description: '`x-correlation-id`; null if none was sent.' })
  readonly correlationId!: string | null

  @Field(() => GraphQLDateTime, { description: 'When it was done.' })
  readonly createdAt!: Date
}

@ObjectType({ description: 'An audit event and its cursor.' })
export class AuditEventEdge extends EdgeOf(() => AuditEvent) {}

@ObjectType({ description: 'A page of the audit trail.' })
export class AuditEventConnection extends ConnectionOf(() => AuditEventEdge) {}

@ArgsType()
export class AuditEventArgs extends PageArgs implements AuditFilter {
  @Field(() => ID, {
    nullable: true,
    description:
      'Starts with `org_`; needs OWNER or ADMIN of it. Default: events that the caller caused, in any organization or none.',
  })
  readonly organizationId?: string | null

  @Field(() => String, { nullable: true, description: 'Only events with exactly this action.' })
  readonly action?: string | null

  @Field(() => ID, { nullable: true, description: 'Only events that this user caused.' })
  readonly actor?: string | null

  @Field(() => ID, { nullable: true, description: 'Only events whose target has this id.' })
  readonly target?: string | null
}
