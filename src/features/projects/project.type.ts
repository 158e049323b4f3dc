import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'
import { SandboxStatus } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import type { ProjectRecord } from './project.sql.js'

registerEnumType(SandboxStatus, {
  name: 'SandboxStatus',
  description: "State of a project's sandbox, as far as Heddle changed it.",
  valuesConfig: {
    ACTIVE: { description: 'In use.' },
    DELETING: { description: 'Its deletion is pending.' },
    DELETED: { description: 'Deleted.' },
  },
})

@ObjectType({ description: "Runs a project's code; provided by an external sandbox service." })
export class Sandbox {
  @Field(() => ID, { description: 'Id of the sandbox at the sandbox service.' })
  readonly id!: string

  @Field(() => SandboxStatus, { description: 'Whether it is in use or being deleted.' })
  readonly status!: SandboxStatus
}

/** Also has the record's columns, for field resolvers. */
@ObjectType({ description: 'Groups threads of an organization; it is deleted with its last thread.' })
export class Project implements ProjectRecord {
  @Field(() => ID, { description: 'Id of the project.' })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  readonly organizationId!: string
  readonly sandboxId!: string | null
  readonly sandboxStatus!: SandboxStatus | null
}

@ObjectType({ description: 'A project and its cursor.' })
export class ProjectEdge extends EdgeOf(() => Project) {}

@ObjectType({ description: 'A page of projects.' })
export class ProjectConnection extends ConnectionOf(() => ProjectEdge) {}

@InputType({ description: 'A new project.' })
export class CreateProjectInput {
  @Field(() => ID, { description: 'Starts with `org_`; the caller needs write access to it.' })
  readonly organizationId!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => ID, {
    nullable: true,
    description:
      'Id of a sandbox at the sandbox service; it is deleted with the project. RESOURCE_NOT_FOUND unless its label `heddle-organization` names the organization, VALIDATION_ERROR without a sandbox service, CONFLICT if another project uses it or it is being deleted, SERVICE_UNAVAILABLE if the service does not answer.',
  })
  readonly sandboxId?: string | null
}

@ObjectType({ description: 'Result of createProject.' })
export class CreateProjectPayload {
  @Field(() => Project, { description: 'The new project.' })
  readonly project!: Project
}
