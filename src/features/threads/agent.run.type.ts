import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { AgentRunStatus } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'

registerEnumType(AgentRunStatus, {
  name: 'AgentRunStatus',
  description: 'State of an agent run. COMPLETED, FAILED and CANCELED are terminal.',
  valuesConfig: {
    RUNNING: { description: 'Running.' },
    COMPLETED: { description: 'Succeeded.' },
    FAILED: { description: 'Failed.' },
    CANCELED: { description: 'Canceled before its end.' },
  },
})

@ObjectType({
  description: 'One run of an agent on a thread. It is deleted with its thread, even while it is running.',
})
export class AgentRun {
  @Field(() => ID, { description: 'Id of the run.' })
  readonly id!: string

  @Field(() => AgentRunStatus, { description: 'Current state.' })
  readonly status!: AgentRunStatus

  @Field(() => GraphQLDateTime, { description: 'When it started.' })
  readonly startedAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended; null while it is running.' })
  readonly finishedAt!: Date | null
}

@ObjectType({ description: 'An agent run and its cursor.' })
export class AgentRunEdge extends EdgeOf(() => AgentRun) {}

@ObjectType({ description: 'A page of agent runs.' })
export class AgentRunConnection extends ConnectionOf(() => AgentRunEdge) {}

@ObjectType({ description: 'An agent run after it was started or finished.' })
export class AgentRunPayload {
  @Field(() => AgentRun, { description: 'The run.' })
  readonly agentRun!: AgentRun
}
