import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../platform/connection.type.js'

const SCOPES =
  '`threads:read`, `threads:write`, `spaces:read`, `spaces:write`, `admin` (organizations, members, keys, the audit trail) and `act-on-behalf`'

@ObjectType({ description: 'An API key of the caller; its secret is not kept.' })
export class ApiKey {
  @Field(() => ID, { description: "The key's id, which is no secret." })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => String, { description: 'The first characters of the secret, to tell keys apart.' })
  readonly prefix!: string

  @Field(() => [String], {
    description: `What it may be used for: ${SCOPES}. Empty for the key of the configuration, which may do everything but act for others.`,
  })
  readonly scopes!: string[]

  @Field(() => GraphQLDateTime, { description: 'Time of its creation.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ends; null: not by itself.' })
  readonly expiresAt!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it was revoked; null while it is not.' })
  readonly revokedAt!: Date | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Its last use, within a minute; null before the first.',
  })
  readonly lastUsedAt!: Date | null
}

@ObjectType({ description: 'An API key in a list.' })
export class ApiKeyEdge extends EdgeOf(() => ApiKey) {}

@ObjectType({ description: 'A page of API keys.' })
export class ApiKeyConnection extends ConnectionOf(() => ApiKeyEdge) {}

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => [String], { description: `At least one of ${SCOPES}.` })
  readonly scopes!: string[]

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it ends, a time to come. Left out: not by itself.',
  })
  readonly expiresAt?: Date | null
}

@ObjectType({ description: 'The key that createApiKey created.' })
export class CreateApiKeyPayload {
  @Field(() => ApiKey, { description: 'The new key.' })
  readonly apiKey!: ApiKey

  @Field(() => String, {
    nullable: true,
    description:
      'What a client sends as X-API-Key. Shown this once: null when the call is repeated with its idempotency key.',
  })
  readonly secret!: string | null
}

@ObjectType({ description: 'The key as it stands after revokeApiKey.' })
export class RevokeApiKeyPayload {
  @Field(() => ApiKey, { description: 'The key.' })
  readonly apiKey!: ApiKey
}
