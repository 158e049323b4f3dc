import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars'
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { OrganizationRole, SpaceAccessMode, SpaceRole } from '../../generated/prisma/enums.js'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'
import { User } from '../access/user.type.js'
import type { SpaceRecord } from './space.sql.js'

registerEnumType(SpaceAccessMode, {
  name: 'SpaceAccessMode',
  description: 'Who may see a space without a grant.',
  valuesConfig: {
    PRIVATE: { description: 'Its creator and the OWNERs and ADMINs of its organization.' },
    ORGANIZATION: { description: 'Every member of its organization.' },
    PUBLIC: { description: 'Everybody who is signed in, of any organization.' },
  },
})

registerEnumType(SpaceRole, {
  name: 'SpaceRole',
  description: 'What a grant allows in a space.',
  valuesConfig: {
    VIEWER: { description: 'See it and the titles of its threads, and search it.' },
    EDITOR: { description: 'Also add and remove threads, and cancel and retry backfills.' },
    OWNER: { description: 'Also give and take access, and delete it.' },
  },
})

/** The record's columns are properties too, so that field resolvers can reach them. */
@ObjectType({
  description: 'Threads that are shared, and the memory of what they say: the vectors of their messages.',
})
export class Space implements SpaceRecord {
  @Field(() => ID, { description: 'Opaque.' })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => String, { nullable: true, description: 'Up to 4,000 characters.' })
  readonly description!: string | null

  @Field(() => SpaceAccessMode, { description: 'Who may see it without a grant.' })
  readonly accessMode!: SpaceAccessMode

  @Field(() => String, { description: 'The embedding model of its vectors; reembedSpace changes it.' })
  readonly embeddingModel!: string

  @Field(() => Int, { description: "The model's dimensions." })
  readonly embeddingDimensions!: number

  @Field(() => Int, { description: 'Its live threads.' })
  readonly threadCount!: number

  @Field(() => GraphQLSafeInt, {
    description: 'Vectors that a search can find: one for each piece of a message.',
  })
  readonly vectorCount!: number

  @Field(() => GraphQLDateTime, { description: 'When a thread was last added, removed or embedded.' })
  readonly lastActivityAt!: Date

  @Field(() => GraphQLDateTime, { description: 'When it was made.' })
  readonly createdAt!: Date

  readonly organizationId!: string
  readonly creatorId!: string
}

@ObjectType({ description: 'A space in a list.' })
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
    description: 'An id to keep, else one is made. CONFLICT when it exists.',
  })
  readonly id?: string | null
}

@ObjectType({ description: 'A space after a mutation.' })
export class SpacePayload {
  @Field(() => Space, { description: 'The space.' })
  readonly space!: Space
}

@ObjectType({ description: 'What deleteSpace removed.' })
export class DeleteSpacePayload {
  @Field(() => ID, { description: 'The space.' })
  readonly deletedSpaceId!: string

  @Field(() => Int, { description: 'Threads that were in it; they stay as threads.' })
  readonly removedThreadCount!: number

  @Field(() => GraphQLSafeInt, { description: 'Vectors that were in its store.' })
  readonly removedVectorCount!: number
}

@ObjectType({ description: 'Access to a space, given to a user or to a role of its organization.' })
export class SpaceGrant {
  readonly userId!: string | null

  @Field(() => User, { nullable: true, description: 'Whom it was given to; null when to a role.' })
  readonly user!: User | null

  @Field(() => OrganizationRole, {
    nullable: true,
    description: 'The role it was given to; null when to a user.',
  })
  readonly organizationRole!: OrganizationRole | null

  @Field(() => SpaceRole, { description: 'What it allows.' })
  readonly role!: SpaceRole
}
