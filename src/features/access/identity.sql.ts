import { sql } from '../../platform/database.js'

export interface ApiKeyRecord {
  id: string
  userId: string
  hash: string
  scopes: string[]
  expiresAt: Date | null
  revokedAt: Date | null
  /** its use was not noted within the last minute */
  usedLongAgo: boolean
}

export interface UserRecord {
  id: string
  email: string | null
  name: string | null
  createdAt: Date
  seenAt: Date | null
}

const userColumns = sql`id, email, name, created_at as "createdAt", seen_at as "seenAt"`

export const selectApiKey = (hash: string) => sql<ApiKeyRecord>`
  select id, user_id as "userId", hash, scopes, expires_at as "expiresAt", revoked_at as "revokedAt",
    coalesce(last_used_at < now() - interval '1 minute', true) as "usedLongAgo"
  from api_key where hash = ${hash}`

/** Of many requests at once, one writes. */
export const touchApiKey = (id: string) => sql<{ id: string }>`
  update api_key set last_used_at = now()
  where id = ${id} and coalesce(last_used_at < now() - interval '1 minute', true) returning id`

export const selectUsers = (ids: readonly string[]) =>
  sql<UserRecord>`select ${userColumns} from "user" where id = any(${ids}::text[])`

/** Makes the user, or fills in what its token says now. */
export const upsertSeenUser = (id: string, email: string | null, name: string | null) => sql<UserRecord>`
  insert into "user" (id, email, name, seen_at) values (${id}, ${email}, ${name}, now())
  on conflict (id) do update set
    email = coalesce(excluded.email, "user".email),
    name = coalesce(excluded.name, "user".name),
    seen_at = now()
  returning ${userColumns}`

/** A user may be named before its first request. */
export const insertNamedUser = (id: string) =>
  sql<{ id: string }>`insert into "user" (id) values (${id}) on conflict (id) do nothing returning id`

export const lockUser = (id: string) =>
  sql<{ id: string }>`select id from "user" where id = ${id} for no key update`
