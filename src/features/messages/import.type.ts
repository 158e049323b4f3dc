import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { AgentRunStatus } from '../../generated/prisma/enums.js'
import type { JsonObject } from '../threads/thread.sql.js'
import { MessageContentInput } from './message.type.js'

export const ImportStatus = {
  IMPORTED: 'IMPORTED',
  UNCHANGED: 'UNCHANGED',
  FAILED: 'FAILED',
} as const
export type ImportStatus = (typeof ImportStatus)[keyof typeof ImportStatus]

registerEnumType(ImportStatus, {
  name: 'ImportStatus',
  description: 'Outcome of an import for one thread.',
  valuesConfig: {
    IMPORTED: { description: 'The thread was created, or missing messages or agent runs were added.' },
    UNCHANGED: { description: 'Everything existed already.' },
    FAILED: { description: 'Nothing of the thread was imported: see `error`.' },
  },
})

/** What an imported thread refers to beside its organization. */
export const ImportReference = { PROJECT: 'PROJECT', OWNER: 'OWNER' } as const
export type ImportReference = (typeof ImportReference)[keyof typeof ImportReference]

registerEnumType(ImportReference, {
  name: 'ImportReference',
  description: 'Reference of an imported thread to another object.',
  valuesConfig: {
    PROJECT: { description: 'Its original project.' },
    OWNER: { description: 'Its original owner.' },
  },
})

@InputType({ description: 'A message to import.' })
export class ImportMessageInput extends MessageContentInput {
  @Field(() => ID, {
    description: 'Id of the message, the same in every import: existing messages are left unchanged.',
  })
  readonly id!: string
}

@InputType({ description: 'An agent run to import.' })
export class ImportAgentRunInput {
  @Field(() => ID, {
    description: 'Id of the run, the same in every import: existing runs are left unchanged.',
  })
  readonly id!: string

  @Field(() => AgentRunStatus, { description: 'Its state.' })
  readonly status!: AgentRunStatus

  @Field(() => GraphQLDateTime, { description: 'When it started.' })
  readonly startedAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null while it is running.' })
  readonly finishedAt?: Date | null
}

@InputType({ description: 'A thread to import, or more messages of one that was imported.' })
export class ImportThreadInput {
  @Field(() => ID, { description: 'Id of the thread, the same in every import.' })
  readonly id!: string

  @Field(() => String, { nullable: true, description: 'Up to 255 characters; longer ones are cut.' })
  readonly title?: string | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the thread was created. Default: now.' })
  readonly createdAt?: Date | null

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'A JSON object, up to 64 KiB and 100 levels.',
  })
  readonly metadata?: JsonObject | null

  @Field(() => ID, {
    nullable: true,
    description:
      'Its original project. A new thread is put into it if it is a project of the organization; otherwise `notRestored` contains PROJECT. Default: none.',
  })
  readonly projectId?: string | null

  @Field(() => ID, {
    nullable: true,
    description:
      'Its original owner. A new thread gets this owner if that user is a member of the organization and the caller is an OWNER or ADMIN of it; otherwise the caller. Default: the caller.',
  })
  readonly ownerId?: string | null

  @Field(() => [ImportMessageInput], { description: 'Its messages, in order.' })
  readonly messages!: ImportMessageInput[]

  @Field(() => [ImportAgentRunInput], { nullable: true, description: 'Its agent runs. Default: none.' })
  readonly agentRuns?: ImportAgentRunInput[] | null
}

@ObjectType({ description: 'Why a thread was not imported.' })
export class ImportError {
  @Field(() => String, { description: 'A code of the error envelope: VALIDATION_ERROR or CONFLICT.' })
  readonly code!: string

  @Field(() => String, { description: 'The reason, for people.' })
  readonly message!: string
}

@ObjectType({ description: 'Result for one thread of an import.' })
export class ImportThreadResult {
  @Field(() => ID, { description: "The thread's id, as it was sent." })
  readonly threadId!: string

  @Field(() => ImportStatus, { description: 'What was done with the thread.' })
  readonly status!: ImportStatus

  @Field(() => Int, { description: 'Number of messages added.' })
  readonly importedMessageCount!: number

  @Field(() => [ImportReference], {
    description:
      'References sent with the thread that were not applied. An existing thread keeps its project and owner. Empty if the status is FAILED.',
  })
  readonly notRestored!: ImportReference[]

  @Field(() => ImportError, { nullable: true, description: 'Set if the status is FAILED.' })
  readonly error!: ImportError | null
}

@ObjectType({ description: 'Result of importThreads.' })
export class ImportThreadsPayload {
  @Field(() => [ImportThreadResult], {
    description: 'One result per thread, in the order in which they were sent.',
  })
  readonly results!: ImportThreadResult[]
}
