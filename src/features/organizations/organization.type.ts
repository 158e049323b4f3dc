import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'

@ObjectType({ description: 'A tenant: its members share its threads, projects and spaces.' })
export class Organization {
  @Field(() => ID, { description: 'Starts with `org_`.' })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  readonly isMember!: boolean
}

@ObjectType({ description: 'An organization and its cursor.' })
export class OrganizationEdge extends EdgeOf(() => Organization) {}

@ObjectType({ description: 'A page of organizations.' })
export class OrganizationConnection extends ConnectionOf(() => OrganizationEdge) {}

@ObjectType({ description: 'The caller of the request.' })
export class ViewerProfile {
  @Field(() => ID, { description: "The caller's user id: the `sub` of its token." })
  readonly id!: string

  @Field(() => String, { nullable: true, description: "The token's `email`; null if none was received." })
  readonly email!: string | null

  @Field(() => String, { nullable: true, description: "The token's `name`; null if none was received." })
  readonly name!: string | null
}

@ObjectType({ description: 'Result of createOrganization.' })
export class CreateOrganizationPayload {
  @Field(() => Organization, { description: 'The new organization; the caller is its OWNER.' })
  readonly organization!: Organization
}

@ObjectType({ description: 'Result of openPersonalOrganization.' })
export class OpenPersonalOrganizationPayload {
  @Field(() => Organization, { description: "The caller's personal organization." })
  readonly organization!: Organization
}
