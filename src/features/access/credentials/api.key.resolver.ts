import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql'
import { byCreation, toConnection } from '../../../platform/graphql/connection.type.js'
import { PageArgs } from '../../../platform/graphql/page.arguments.js'
import { readPage } from '../../../platform/graphql/page.js'
import type { Context } from '../context.js'
import { IdempotentMutation } from '../idempotent.mutation.js'
import type { ApiKeyService } from './api.key.service.js'
import {
  ApiKeyConnection,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RevokeApiKeyPayload,
} from './api.key.type.js'

/** GraphQL face of API keys; every rule lives in ApiKeyService. */
@Resolver()
export class ApiKeyResolver {
  constructor(private readonly keys: ApiKeyService) {}

  @Query(() => ApiKeyConnection, {
    nullable: true,
    description: "The caller's API keys, newest first, including revoked and expired ones.",
  })
  async apiKeys(@Args(() => PageArgs) args: PageArgs, @Ctx() { viewer }: Context): Promise<ApiKeyConnection> {
    const page = readPage(args)
    return toConnection(await this.keys.list(viewer, page), page, byCreation)
  }

  @IdempotentMutation(() => CreateApiKeyPayload, {
    description:
      'Creates an API key of the caller. Its secret is shown once. A key cannot create one with more scopes or a later expiry than its own (INSUFFICIENT_PERMISSIONS). Only the first user, `user_bootstrap`, creates keys with `act-on-behalf`: a request with such a key and the header X-On-Behalf-Of has the rights of that user, within the other scopes of the key. At most 100 live keys a user (QUOTA_EXCEEDED).',
  })
  createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'Name, scopes and expiry of the key.' })
    input: CreateApiKeyInput,
    @Ctx() { viewer }: Context,
  ): Promise<CreateApiKeyPayload> {
    return this.keys.create(viewer, input)
  }

  @IdempotentMutation(() => RevokeApiKeyPayload, {
    description:
      "Revokes one of the caller's API keys: further requests with it are UNAUTHENTICATED, and its subscriptions end. Idempotent. RESOURCE_NOT_FOUND if the caller has no such key.",
  })
  async revokeApiKey(
    @Arg('apiKeyId', () => ID, { description: "The key's id." }) apiKeyId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RevokeApiKeyPayload> {
    return { apiKey: await this.keys.revoke(viewer, apiKeyId) }
  }
}
