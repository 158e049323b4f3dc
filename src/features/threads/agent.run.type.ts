import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { AgentRunStatus } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'

registerEnumType(AgentRunStatus, {
  name: 'AgentRunStatus',
  description: 'Where an agent run stands.',
  valuesConfig: {
    RUNNING: { description: 'At work.' },
    COMPLETED: { description: 'Ended well.' },
    FAILED: { description: 'Ended with an error.' },
    CANCELED: { description: 'Ended before its time.' },
  },
})

@ObjectType({ description: 'One run of an agent on a thread. It goes with its thread, running or not.' })
export class AgentRun {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => AgentRunStatus, { description: 'Where it stands.' })
  readonly status!: AgentRunStatus

  @Field(() => GraphQLDateTime, { description: 'When it started.' })
  readonly startedAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null while it runs.' })
  readonly finishedAt!: Date | null
}

@ObjectType({ description: 'An agent run in a list.' })
export class AgentRunEdge extends EdgeOf(() => AgentRun) {}

@ObjectType({ description: 'A page of agent runs.' })
export class AgentRunConnection extends ConnectionOf(() => AgentRunEdge) {}

@ObjectType({ description: 'An agent run after it was started or finished.' })
export class AgentRunPayload {
  @Field(() => AgentRun, { description: 'The run.' })
  readonly agentRun!: AgentRun
}
