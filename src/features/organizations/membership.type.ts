import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { OrganizationRole } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { User } from '../access/user.type.js'

registerEnumType(OrganizationRole, {
  name: 'OrganizationRole',
  description: 'Role of a member in an organization.',
  valuesConfig: {
    OWNER: { description: 'May do everything, including appointing owners.' },
    ADMIN: { description: 'May do everything except appoint owners; edits every space.' },
    MEMBER: { description: 'May read and write threads and projects, and create spaces.' },
    VIEWER: { description: 'May read.' },
  },
})

export enum MembershipStatus {
  PENDING = 'PENDING',
  ACCEPTED = 'ACCEPTED',
}

registerEnumType(MembershipStatus, {
  name: 'MembershipStatus',
  description: 'Whether a user has accepted a membership.',
  valuesConfig: {
    PENDING: {
      description:
        'Not accepted: the membership counts only for requests that name the organization, or something in it by id.',
    },
    ACCEPTED: { description: 'The user has accepted it, or founded the organization.' },
  },
})

@ObjectType({ description: 'Membership of a user in an organization.' })
export class OrganizationMember {
  readonly organizationId!: string

  readonly userId!: string

  readonly invitedById!: string | null

  @Field(() => OrganizationRole, { description: 'Role of the user.' })
  readonly role!: OrganizationRole

  @Field(() => GraphQLDateTime, { description: 'When the user was added.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the user accepted; null while it is PENDING.',
  })
  readonly acceptedAt!: Date | null

  @Field(() => User, { description: 'The user.' })
  readonly user!: User
}

@ObjectType({ description: 'A member and its cursor.' })
export class OrganizationMemberEdge extends EdgeOf(() => OrganizationMember) {}

@ObjectType({ description: 'A page of members.' })
export class OrganizationMemberConnection extends ConnectionOf(() => OrganizationMemberEdge) {}

@ObjectType({ description: 'Result of addOrganizationMember.' })
export class AddOrganizationMemberPayload {
  @Field(() => OrganizationMember, { description: 'The member, PENDING if new.' })
  readonly member!: OrganizationMember
}

@ObjectType({ description: 'Result of acceptMembership.' })
export class AcceptMembershipPayload {
  @Field(() => OrganizationMember, { description: 'The member, with status ACCEPTED.' })
  readonly member!: OrganizationMember
}

@ObjectType({ description: 'Result of declineMembership.' })
export class DeclineMembershipPayload {
  @Field(() => ID, { description: 'The organization whose invitation was declined.' })
  readonly organizationId!: string
}

@ObjectType({ description: 'Result of updateOrganizationMember.' })
export class UpdateOrganizationMemberPayload {
  @Field(() => OrganizationMember, { description: 'The member, with its new role.' })
  readonly member!: OrganizationMember
}

@ObjectType({ description: 'Result of removeOrganizationMember.' })
export class RemoveOrganizationMemberPayload {
  @Field(() => ID, { description: 'The organization.' })
  readonly organizationId!: string

  @Field(() => ID, { description: 'The user who was removed.' })
  readonly userId!: string
}

@ObjectType({ description: 'Result of leaveOrganization.' })
export class LeaveOrganizationPayload {
  @Field(() => ID, { description: 'The organization that the caller has left.' })
  readonly organizationId!: string
}
