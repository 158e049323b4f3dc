import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import type { SpaceHealthReport } from './space.health.service.js'
import type { Repairs } from './space.repair.js'

@ObjectType({
  description:
    "Differences between a space's vectors and its messages. Deleted threads are excluded, except for `staleLinks` and for `vectors` that belong to no link.",
})
export class SpaceHealth implements SpaceHealthReport {
  @Field(() => ID, { description: 'Id of the space.' })
  readonly spaceId!: string

  @Field(() => Boolean, {
    description:
      'Whether nothing is missing, surplus, miscounted or stuck. Running, paused and refused work does not count as unhealthy.',
  })
  readonly isHealthy!: boolean

  @Field(() => GraphQLSafeInt, { description: 'Number of vectors in its store.' })
  readonly vectors!: number

  @Field(() => GraphQLSafeInt, {
    description:
      'Number of vectors that a healthy space would have: one per chunk of each processed message that was not refused; for messages that are to be embedded again, their current ones.',
  })
  readonly expectedVectors!: number

  @Field(() => GraphQLSafeInt, {
    description:
      'Number of vectors that belong to no link, an earlier link, another model, a deleted or unprocessed message, or a chunk that its message does not have.',
  })
  readonly orphanVectors!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of messages that its links have processed.' })
  readonly messages!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Number of processed messages that lack vectors and are not waiting to be embedded again.',
  })
  readonly messagesWithoutVectors!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Number of processed messages that are waiting to be embedded again.',
  })
  readonly pendingMessages!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Number of messages that the embedding model refused; retryBackfill tries them again.',
  })
  readonly failures!: number

  @Field(() => GraphQLSafeInt, {
    description:
      'Number of refusals and pending entries that belong to no message, or to one that has its vectors.',
  })
  readonly orphanRecords!: number

  @Field(() => Int, {
    description:
      'Number of counters that differ from a recount: the two of the space, recounted from its links, and one per link, recounted from its vectors.',
  })
  readonly staleCounters!: number

  @Field(() => Int, {
    description:
      'Number of links that hide a live thread, or show a deleted one; includes links of deleted threads.',
  })
  readonly staleLinks!: number

  @Field(() => Int, { description: 'Number of its live threads.' })
  readonly links!: number

  @Field(() => Int, { description: 'Number of links that have work and are not paused.' })
  readonly linksBehind!: number

  @Field(() => Int, { description: 'Number of those that no worker would claim.' })
  readonly stuckLinks!: number

  @Field(() => Int, { description: 'Number of links paused by a canceled backfill.' })
  readonly pausedLinks!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Time of the oldest message that is still to be embedded; null if there is none.',
  })
  readonly oldestWaitingSince!: Date | null

  @Field(() => String, {
    nullable: true,
    description: 'Error of the link with the most consecutive failures; null if there is none.',
  })
  readonly lastError!: string | null
}

@ObjectType({ description: 'Result of repairSpace.' })
export class RepairSpacePayload implements Repairs {
  @Field(() => ID, { description: 'Id of the space.' })
  readonly spaceId!: string

  @Field(() => GraphQLSafeInt, { description: 'Number of surplus vectors removed.' })
  readonly removedVectors!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of messages without vectors that are embedded again.' })
  readonly requeuedMessages!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of obsolete refusals and pending entries removed.' })
  readonly removedRecords!: number

  @Field(() => Int, {
    description: 'Number of counters corrected, including those affected by the removals.',
  })
  readonly correctedCounters!: number

  @Field(() => Int, { description: 'Number of links whose hidden state was corrected.' })
  readonly correctedLinks!: number

  @Field(() => Int, { description: 'Number of links made available to workers again.' })
  readonly wokenLinks!: number

  @Field(() => SpaceHealth, {
    description: 'Health after the repair; messages may still be waiting to be embedded again.',
  })
  readonly health!: SpaceHealth
}
