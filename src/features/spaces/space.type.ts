import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { OrganizationRole, SpaceAccessMode, SpaceRole } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/graphql/connection.type.js'
import { User } from '../access/user.type.js'
import type { SpaceRecord } from './space.sql.js'

registerEnumType(SpaceAccessMode, {
  name: 'SpaceAccessMode',
  description: 'Who may see a space without a grant.',
  valuesConfig: {
    PRIVATE: { description: 'Its creator and the OWNERs and ADMINs of its organization.' },
    ORGANIZATION: { description: 'Every member of its organization.' },
    PUBLIC: { description: 'Every authenticated user, of any organization.' },
  },
})

registerEnumType(SpaceRole, {
  name: 'SpaceRole',
  description: 'What a grant allows in a space.',
  valuesConfig: {
    VIEWER: { description: 'May see it and the titles of its threads, and search it.' },
    EDITOR: { description: 'May also add and remove threads, and cancel and retry backfills.' },
    OWNER: { description: 'May also manage grants, and delete it.' },
  },
})

/** The record's columns are properties too, so that field resolvers can reach them. */
@ObjectType({
  description:
    'A collection of threads with the vectors of their messages, searchable by everybody with access to it.',
})
export class Space implements SpaceRecord {
  @Field(() => ID, { description: 'Id of the space.' })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => String, { nullable: true, description: 'Up to 4,000 characters.' })
  readonly description!: string | null

  @Field(() => SpaceAccessMode, { description: 'Who may see it without a grant.' })
  readonly accessMode!: SpaceAccessMode

  @Field(() => String, { description: 'Embedding model of its vectors; reembedSpace changes it.' })
  readonly embeddingModel!: string

  @Field(() => Int, { description: 'Number of dimensions of its vectors.' })
  readonly embeddingDimensions!: number

  @Field(() => Int, { description: 'Number of its live threads.' })
  readonly threadCount!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Number of vectors that a search can find: one per chunk of each message.',
  })
  readonly vectorCount!: number

  @Field(() => GraphQLDateTime, { description: 'When threads were last added, removed or embedded.' })
  readonly lastActivityAt!: Date

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  readonly organizationId!: string
  readonly creatorId!: string
}

@ObjectType({ description: 'A space and its cursor.' })
export class SpaceEdge extends EdgeOf(() => Space) {}

@ObjectType({ description: 'A page of spaces.' })
export class SpaceConnection extends ConnectionOf(() => SpaceEdge) {}

@InputType({ description: 'A new space.' })
export class CreateSpaceInput {
  @Field(() => ID, { description: 'Starts with `org_`; the caller needs write access to it.' })
  readonly organizationId!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => String, { nullable: true, description: 'Up to 4,000 characters.' })
  readonly description?: string | null

  @Field(() => SpaceAccessMode, { nullable: true, description: 'Default: PRIVATE.' })
  readonly accessMode?: SpaceAccessMode | null

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the new space; generated if omitted. CONFLICT if it exists.',
  })
  readonly id?: string | null
}

@ObjectType({ description: 'Result of a mutation of a space.' })
export class SpacePayload {
  @Field(() => Space, { description: 'The space after the change.' })
  readonly space!: Space
}

@ObjectType({ description: 'Result of deleteSpace.' })
export class DeleteSpacePayload {
  @Field(() => ID, { description: 'Id of the deleted space.' })
  readonly deletedSpaceId!: string

  @Field(() => Int, { description: 'Number of threads that were in it, which are kept.' })
  readonly removedThreadCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Number of vectors that were in its store.' })
  readonly removedVectorCount!: number
}

@ObjectType({ description: 'A role in a space, granted to a user or to a role of its organization.' })
export class SpaceGrant {
  readonly userId!: string | null

  @Field(() => User, { nullable: true, description: 'The user; null if granted to a role.' })
  readonly user!: User | null

  @Field(() => OrganizationRole, {
    nullable: true,
    description: 'The organization role; null if granted to a user.',
  })
  readonly organizationRole!: OrganizationRole | null

  @Field(() => SpaceRole, { description: 'Role in the space.' })
  readonly role!: SpaceRole
}
