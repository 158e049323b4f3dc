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
  description: 'What an import did with one thread.',
  valuesConfig: {
    IMPORTED: { description: 'The thread, or messages or agent runs that it lacked, are there now.' },
    UNCHANGED: { description: 'Everything was there already.' },
    FAILED: { description: 'Nothing of it was imported; `error` tells why.' },
  },
})

/** What an imported thread refers to beside its organization. */
export const ImportReference = { PROJECT: 'PROJECT', OWNER: 'OWNER' } as const
export type ImportReference = (typeof ImportReference)[keyof typeof ImportReference]

registerEnumType(ImportReference, {
  name: 'ImportReference',
  description: 'What an imported thread refers to.',
  valuesConfig: {
    PROJECT: { description: 'The project it was in.' },
    OWNER: { description: 'Whose it was.' },
  },
})

@InputType({ description: 'A message to import.' })
export class ImportMessageInput extends MessageContentInput {
  @Field(() => ID, {
    description: 'The same each time that it is imported: a message that is there is left alone.',
  })
  readonly id!: string
}

@InputType({ description: 'An agent run to import.' })
export class ImportAgentRunInput {
  @Field(() => ID, {
    description: 'The same each time that it is imported: a run that is there is left alone.',
  })
  readonly id!: string

  @Field(() => AgentRunStatus, { description: 'Where it stood.' })
  readonly status!: AgentRunStatus

  @Field(() => GraphQLDateTime, { description: 'When it started.' })
  readonly startedAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null while it runs.' })
  readonly finishedAt?: Date | null
}

@InputType({ description: 'A thread to import, or more messages of one that was imported.' })
export class ImportThreadInput {
  @Field(() => ID, { description: 'The same each time that it is imported.' })
  readonly id!: string

  @Field(() => String, { nullable: true, description: 'Up to 255 characters; longer ones are cut.' })
  readonly title?: string | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the thread was made. Default: now.' })
  readonly createdAt?: Date | null

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'A JSON object, up to 64 KiB and 100 levels.',
  })
  readonly metadata?: JsonObject | null

  @Field(() => ID, {
    nullable: true,
    description:
      'The project it was in. A new thread is put into it if it is a project of the organization, else `notRestored` names it. Default: none.',
  })
  readonly projectId?: string | null

  @Field(() => ID, {
    nullable: true,
    description:
      'Whose it was. A new thread is of that user if the user is a member of the organization and the caller an OWNER or ADMIN of it, else of the caller. Default: the caller.',
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

@ObjectType({ description: 'What became of one thread of an import.' })
export class ImportThreadResult {
  @Field(() => ID, { description: "The thread's id, as it was sent." })
  readonly threadId!: string

  @Field(() => ImportStatus, { description: 'What was done with it.' })
  readonly status!: ImportStatus

  @Field(() => Int, { description: 'Messages that were added.' })
  readonly importedMessageCount!: number

  @Field(() => [ImportReference], {
    description:
      'What was sent with the thread and is not so: it is in no such project, or of another owner. A thread that was there before stays where it is. Empty when the status is FAILED.',
  })
  readonly notRestored!: ImportReference[]

  @Field(() => ImportError, { nullable: true, description: 'Set when the status is FAILED.' })
  readonly error!: ImportError | null
}

@ObjectType({ description: 'What importThreads did.' })
export class ImportThreadsPayload {
  @Field(() => [ImportThreadResult], { description: 'One result a thread, in the order they were sent.' })
  readonly results!: ImportThreadResult[]
}
