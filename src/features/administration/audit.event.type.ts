import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { ArgsType, Field, ID, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { PageArgs } from '../../platform/page.arguments.js'
import type { AuditEventRecord, AuditFilter } from './audit.event.sql.js'

@ObjectType({ description: 'Who did what to which. It is written with the deed, and nothing changes it.' })
export class AuditEvent implements AuditEventRecord {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => String, { description: 'What was done: `thread.soft-deleted`.' })
  readonly action!: string

  @Field(() => ID, {
    description: 'The user who did it; `system` for what Heddle carried out later by itself.',
  })
  readonly actorId!: string

  @Field(() => ID, { nullable: true, description: 'The API key that was used; null with a token.' })
  readonly apiKeyId!: string | null

  @Field(() => ID, {
    nullable: true,
    description: 'Whose service key acted for the actor (X-On-Behalf-Of); null when the actor called itself.',
  })
  readonly serviceUserId!: string | null

  @Field(() => String, {
    description:
      'What the target is: `organization`, `project`, `thread`, `message`, `space`, `backfill`, `user`, `effect` or `api-key`.',
  })
  readonly targetType!: string

  @Field(() => ID, { description: "The target's id; it may be gone by now." })
  readonly targetId!: string

  @Field(() => GraphQLJSONObject, {
    description: 'More of the deed: ids and counts, as the action has them.',
  })
  readonly details!: Record<string, unknown>

  @Field(() => String, {
    nullable: true,
    description: '`x-request-id`, or made here; null without a request.',
  })
  readonly requestId!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'The trace id of W3C `traceparent`, or made here; null without a request.',
  })
  readonly traceId!: string | null

  @Field(() => String, { nullable: true, description: '`x-correlation-id`; null when none was sent.' })
  readonly correlationId!: string | null

  @Field(() => GraphQLDateTime, { description: 'When it was done.' })
  readonly createdAt!: Date
}

@ObjectType({ description: 'An event in a list.' })
export class AuditEventEdge extends EdgeOf(() => AuditEvent) {}

@ObjectType({ description: 'A page of the audit trail.' })
export class AuditEventConnection extends ConnectionOf(() => AuditEventEdge) {}

@ArgsType()
export class AuditEventArgs extends PageArgs implements AuditFilter {
  @Field(() => ID, {
    nullable: true,
    description:
      'Starts with `org_`; needs OWNER or ADMIN of it. Left out: what the caller itself did, in any organization and in none.',
  })
  readonly organizationId?: string | null

  @Field(() => String, { nullable: true, description: 'Only events of exactly this action.' })
  readonly action?: string | null

  @Field(() => ID, { nullable: true, description: 'Only events that this user caused.' })
  readonly actor?: string | null

  @Field(() => ID, { nullable: true, description: 'Only events of the target with this id.' })
  readonly target?: string | null
}
