import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { OrganizationRole } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { User } from '../access/user.type.js'

registerEnumType(OrganizationRole, {
  name: 'OrganizationRole',
  description: 'What a member may do in its organization.',
  valuesConfig: {
    OWNER: { description: 'Everything, and making other owners.' },
    ADMIN: { description: 'Everything but making owners; edits every space.' },
    MEMBER: { description: 'Reads and writes threads and projects, and makes spaces.' },
    VIEWER: { description: 'Reads.' },
  },
})

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

@ObjectType({ description: 'A user in an organization.' })
export class OrganizationMember {
  readonly userId!: string

  @Field(() => OrganizationRole, { description: 'What it may do there.' })
  readonly role!: OrganizationRole

  @Field(() => User, { description: 'The member.' })
  readonly user!: User
}

@ObjectType({ description: 'The organization made by createOrganization; the caller is its OWNER.' })
export class CreateOrganizationPayload {
  @Field(() => Organization, { description: 'The new organization.' })
  readonly organization!: Organization
}

@ObjectType({ description: 'The member as it stands after addOrganizationMember.' })
export class AddOrganizationMemberPayload {
  @Field(() => OrganizationMember, { description: 'The member.' })
  readonly member!: OrganizationMember
}
