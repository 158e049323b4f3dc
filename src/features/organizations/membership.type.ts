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
    MEMBER: { description: 'Reads and writes threads and projects, and creates spaces.' },
    VIEWER: { description: 'Reads.' },
  },
})

export enum MembershipStatus {
  PENDING = 'PENDING',
  ACCEPTED = 'ACCEPTED',
}

registerEnumType(MembershipStatus, {
  name: 'MembershipStatus',
  description: 'Whether a user has agreed to be a member.',
  valuesConfig: {
    PENDING: {
      description:
        'Not yet: the membership counts only where its user names the organization, or something in it by its id.',
    },
    ACCEPTED: { description: 'The user has accepted it, or founded the organization.' },
  },
})

@ObjectType({ description: 'A user in an organization.' })
export class OrganizationMember {
  readonly organizationId!: string

  readonly userId!: string

  readonly invitedById!: string | null

  @Field(() => OrganizationRole, { description: 'What it may do there.' })
  readonly role!: OrganizationRole

  @Field(() => GraphQLDateTime, { description: 'When the user was added.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the user accepted; null while it is PENDING.',
  })
  readonly acceptedAt!: Date | null

  @Field(() => User, { description: 'The member.' })
  readonly user!: User
}

@ObjectType({ description: 'A member in a list.' })
export class OrganizationMemberEdge extends EdgeOf(() => OrganizationMember) {}

@ObjectType({ description: 'A page of members.' })
export class OrganizationMemberConnection extends ConnectionOf(() => OrganizationMemberEdge) {}

@ObjectType({ description: 'The member as it stands after addOrganizationMember.' })
export class AddOrganizationMemberPayload {
  @Field(() => OrganizationMember, { description: 'The member.' })
  readonly member!: OrganizationMember
}

@ObjectType({ description: 'The member as it stands after acceptMembership.' })
export class AcceptMembershipPayload {
  @Field(() => OrganizationMember, { description: 'The member, its status ACCEPTED.' })
  readonly member!: OrganizationMember
}

@ObjectType({ description: 'What declineMembership ended.' })
export class DeclineMembershipPayload {
  @Field(() => ID, { description: 'The organization that the caller is no member of.' })
  readonly organizationId!: string
}

@ObjectType({ description: 'The member as it stands after updateOrganizationMember.' })
export class UpdateOrganizationMemberPayload {
  @Field(() => OrganizationMember, { description: 'The member, with its new role.' })
  readonly member!: OrganizationMember
}

@ObjectType({ description: 'Whose membership removeOrganizationMember ended.' })
export class RemoveOrganizationMemberPayload {
  @Field(() => ID, { description: 'Where the user was a member.' })
  readonly organizationId!: string

  @Field(() => ID, { description: 'The user.' })
  readonly userId!: string
}

@ObjectType({ description: 'What leaveOrganization ended.' })
export class LeaveOrganizationPayload {
  @Field(() => ID, { description: 'The organization that the caller is no member of any more.' })
  readonly organizationId!: string
}
