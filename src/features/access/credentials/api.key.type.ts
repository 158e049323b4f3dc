import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType, ObjectType } from 'type-graphql'
import { ConnectionOf, EdgeOf } from '../../../platform/graphql/connection.type.js'

const SCOPES =
  '`threads:read`, `threads:write`, `spaces:read`, `spaces:write`, `admin` (organizations, members, keys, the audit trail) and `act-on-behalf`'

@ObjectType({ description: 'An API key of the caller. Only a hash of its secret is stored.' })
export class ApiKey {
  @Field(() => ID, { description: "The key's id; not secret." })
  readonly id!: string

  @Field(() => String, { description: '1 to 255 characters.' })
  readonly name!: string

  @Field(() => String, { description: 'The first characters of the secret, to identify it in lists.' })
  readonly prefix!: string

  @Field(() => [String], {
    description: `What it may be used for: ${SCOPES}. Empty for the key in the server's configuration, which may do everything except act for others.`,
  })
  readonly scopes!: string[]

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  readonly createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it expires; null: never.' })
  readonly expiresAt!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it was revoked; null if it was not.' })
  readonly revokedAt!: Date | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it was last used, accurate to a minute; null if never.',
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
    description: 'When it expires; must be in the future. Default: never.',
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
      'The secret, to be sent as X-API-Key. Shown only once: null if the call is repeated with its idempotency key.',
  })
  readonly secret!: string | null
}

@ObjectType({ description: 'The key after revokeApiKey.' })
export class RevokeApiKeyPayload {
  @Field(() => ApiKey, { description: 'The key, now revoked.' })
  readonly apiKey!: ApiKey
}
