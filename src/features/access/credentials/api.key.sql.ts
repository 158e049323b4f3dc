import type { ApiKeyGetPayload, ApiKeySelect } from '../../../generated/prisma/models/ApiKey.js'
import { columnsOf } from '../../../platform/database/columns.js'
import { sql } from '../../../platform/database/database.js'
import type { Page } from '../../../platform/graphql/page.js'
import { olderThan } from '../../../platform/graphql/page.sql.js'

/** Characters of a key that are shown to identify it in lists. */
export const KEY_PREFIX = 8

export const keyDetails = {
  id: true,
  userId: true,
  name: true,
  prefix: true,
  scopes: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
  lastUsedAt: true,
} satisfies ApiKeySelect

export type ApiKeyDetails = ApiKeyGetPayload<{ select: typeof keyDetails }>

const columns = columnsOf('k', keyDetails)

export const listApiKeys = (userId: string, page: Page) => sql<ApiKeyDetails>`
  select ${columns} from api_key k
  where k.user_id = ${userId} and ${olderThan(page, sql`k.created_at`, sql`k.id`)}
  order by k.created_at desc, k.id desc ${page.limit}`

/** Neither revoked nor expired. */
export const countLiveApiKeys = (userId: string) => sql<{ count: number }>`
  select count(*)::int as count from api_key
  where user_id = ${userId} and revoked_at is null and coalesce(expires_at > now(), true)`

/** Idempotent. */
export const revokeKey = (id: string, userId: string) => sql<ApiKeyDetails>`
  update api_key k set revoked_at = coalesce(k.revoked_at, now())
  where k.id = ${id} and k.user_id = ${userId} returning ${columns}`

/** One row per key that was ever configured: a revoked one stays revoked, one configured again becomes valid again. */
export const upsertBootstrapKey = (userId: string, hash: string, prefix: string) => sql<{ id: string }>`
  insert into api_key (id, user_id, name, hash, prefix, scopes)
  values (${`key_bootstrap_${hash.slice(0, 12)}`}, ${userId}, 'Bootstrap', ${hash}, ${prefix}, '{}')
  on conflict (hash) do update set expires_at = null
  returning id`

/** Revokes keys that are no longer configured, which also ends their subscriptions. */
export const expireBootstrapKeys = (hash: string) => sql<{ id: string }>`
  update api_key set expires_at = now()
  where starts_with(id, 'key_bootstrap') and hash <> ${hash} and expires_at is null returning id`
