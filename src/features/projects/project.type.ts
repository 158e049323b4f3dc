import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'
import { SandboxStatus } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import type { ProjectRecord } from './project.sql.js'

registerEnumType(SandboxStatus, {
  name: 'SandboxStatus',
  description: "The state of a project's sandbox, as far as Heddle caused it.",
  valuesConfig: {
    ACTIVE: { description: 'In use.' },
    DELETING: { description: 'Its deletion is under way.' },
    DELETED: { description: 'Deleted.' },
  },
})

@ObjectType({ description: "A project's place to run code, kept by an outside sandbox service." })
export class Sandbox {
  @Field(() => ID, { description: "The sandbox service's id." })
  readonly id!: string

  @Field(() => SandboxStatus, { description: 'Its state.' })
  readonly status!: SandboxStatus
}

/** The record's columns are properties too, so that field resolvers can reach them. */
@ObjectType({ description: 'Groups threads of an organization; it is deleted with its last thread.' })
export class Project implements ProjectRecord {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => GraphQLDateTime, { description: 'When it was made.' })
  readonly createdAt!: Date

  readonly organizationId!: string
  readonly sandboxId!: string | null
  readonly sandboxStatus!: SandboxStatus | null
}

@ObjectType({ description: 'A project in a list.' })
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
      "The sandbox service's id; it is deleted there with the project. Its label `heddle-organization` names the organization, else RESOURCE_NOT_FOUND. VALIDATION_ERROR without a sandbox service, CONFLICT when another project has it or its deletion is under way, SERVICE_UNAVAILABLE when the service does not answer.",
  })
  readonly sandboxId?: string | null
}

@ObjectType({ description: 'The project made by createProject.' })
export class CreateProjectPayload {
  @Field(() => Project, { description: 'The new project.' })
  readonly project!: Project
}
