import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import type { SpaceHealthReport } from './space.health.service.js'
import type { Repairs } from './space.repair.js'

@ObjectType({
  description:
    'How the memory of a space stands to what it should be. Threads that are deleted are left out of all but `staleLinks`, and `vectors` that belong to no link.',
})
export class SpaceHealth implements SpaceHealthReport {
  @Field(() => ID, { description: 'The space.' })
  readonly spaceId!: string

  @Field(() => Boolean, {
    description:
      'Nothing is missing, too much, counted wrongly or left lying. Work that is under way, paused or refused is not held against it.',
  })
  readonly isHealthy!: boolean

  @Field(() => GraphQLSafeInt, { description: 'Vectors in its store.' })
  readonly vectors!: number

  @Field(() => GraphQLSafeInt, {
    description:
      'Vectors that there would be if nothing were missing or too much: one for each piece of a message that its links are through with and that was not refused; of one that waits to be embedded again, those that it has.',
  })
  readonly expectedVectors!: number

  @Field(() => GraphQLSafeInt, {
    description:
      'Vectors that belong to no link, an earlier link, another model, a message that is gone or not reached yet, or a piece that its message does not have.',
  })
  readonly orphanVectors!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages that its links are through with.' })
  readonly messages!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Of them, those that lack some or all of their vectors and wait for none.',
  })
  readonly messagesWithoutVectors!: number

  @Field(() => GraphQLSafeInt, { description: 'Of them, those that wait to be embedded again.' })
  readonly pendingMessages!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Messages that the embedder refused; retryBackfill takes them up.',
  })
  readonly failures!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Refusals and waiting messages that belong to no message, or to one that has its vectors.',
  })
  readonly orphanRecords!: number

  @Field(() => Int, {
    description:
      'Counters that differ from a recount: the two of the space, against its links, and one for each link, against its vectors.',
  })
  readonly staleCounters!: number

  @Field(() => Int, {
    description:
      'Links that hide a thread that is live, or show one that is deleted; those of deleted threads are looked at too.',
  })
  readonly staleLinks!: number

  @Field(() => Int, { description: 'Its live threads.' })
  readonly links!: number

  @Field(() => Int, { description: 'Links that have work and are not paused.' })
  readonly linksBehind!: number

  @Field(() => Int, { description: 'Of them, those that no worker would take.' })
  readonly stuckLinks!: number

  @Field(() => Int, { description: 'Links that a canceled backfill holds back.' })
  readonly pausedLinks!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the oldest message was written that a link is still to embed; null: there is none.',
  })
  readonly oldestWaitingSince!: Date | null

  @Field(() => String, {
    nullable: true,
    description: 'What the link that has failed the most often in a row failed of; null: none does.',
  })
  readonly lastError!: string | null
}

@ObjectType({ description: 'What repairSpace changed, and how the space stands since.' })
export class RepairSpacePayload implements Repairs {
  @Field(() => ID, { description: 'The space.' })
  readonly spaceId!: string

  @Field(() => GraphQLSafeInt, { description: 'Vectors that belonged nowhere.' })
  readonly removedVectors!: number

  @Field(() => GraphQLSafeInt, { description: 'Messages that lacked vectors, and are embedded again.' })
  readonly requeuedMessages!: number

  @Field(() => GraphQLSafeInt, { description: 'Refusals and waiting messages that belonged nowhere.' })
  readonly removedRecords!: number

  @Field(() => Int, { description: 'Counters that were set, also after what was removed.' })
  readonly correctedCounters!: number

  @Field(() => Int, { description: 'Links that say again whether their thread is deleted.' })
  readonly correctedLinks!: number

  @Field(() => Int, { description: 'Links that workers take up again.' })
  readonly wokenLinks!: number

  @Field(() => SpaceHealth, {
    description: 'As the repair left it: what is embedded again may still be under way.',
  })
  readonly health!: SpaceHealth
}
