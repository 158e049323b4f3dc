import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'

@ObjectType({ description: 'A tenant: its members share its threads, projects and spaces.' })
export class Organization {
  @Field(() => ID, { description: 'Starts with `org_`.' })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => GraphQLDateTime, { description: 'When it was made.' })
  readonly createdAt!: Date

  readonly isMember!: boolean
}

@ObjectType({ description: 'An organization in a list.' })
export class OrganizationEdge extends EdgeOf(() => Organization) {}

@ObjectType({ description: 'A page of organizations.' })
export class OrganizationConnection extends ConnectionOf(() => OrganizationEdge) {}

@ObjectType({ description: 'Who is calling.' })
export class ViewerProfile {
  @Field(() => ID, { description: "The caller's user id: the `sub` of its token." })
  readonly id!: string

  @Field(() => String, { nullable: true, description: "The token's `email`; null when none was seen." })
  readonly email!: string | null

  @Field(() => String, { nullable: true, description: "The token's `name`; null when none was seen." })
  readonly name!: string | null
}

@ObjectType({ description: 'The organization made by createOrganization; the caller is its OWNER.' })
export class CreateOrganizationPayload {
  @Field(() => Organization, { description: 'The new organization.' })
  readonly organization!: Organization
}

@ObjectType({ description: 'The organization that openPersonalOrganization found or created.' })
export class OpenPersonalOrganizationPayload {
  @Field(() => Organization, { description: "The caller's personal organization." })
  readonly organization!: Organization
}
