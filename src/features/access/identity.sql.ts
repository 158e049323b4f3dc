import type { ApiKeyGetPayload, ApiKeySelect } from '../../generated/prisma/models/ApiKey.js'
import type { UserModel } from '../../generated/prisma/models/User.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'

const apiKey = {
  id: true,
  userId: true,
  hash: true,
  scopes: true,
  expiresAt: true,
  revokedAt: true,
} satisfies ApiKeySelect

export type ApiKeyRecord = ApiKeyGetPayload<{ select: typeof apiKey }> & {
  /** its last use was recorded more than a minute ago */
  usedLongAgo: boolean
}

export type UserRecord = UserModel

const userColumns = columnsOf('u', {
  id: true,
  email: true,
  name: true,
  createdAt: true,
  seenAt: true,
} satisfies Record<keyof UserModel, true>)

export const selectApiKey = (hash: string) => sql<ApiKeyRecord>`
  select ${columnsOf('k', apiKey)}, coalesce(k.last_used_at < now() - interval '1 minute', true) as "usedLongAgo"
  from api_key k where k.hash = ${hash}`

/** Of concurrent requests, only one updates the row. */
export const touchApiKey = (id: string) => sql<{ id: string }>`
  update api_key set last_used_at = now()
  where id = ${id} and coalesce(last_used_at < now() - interval '1 minute', true) returning id`

export const selectUsers = (ids: readonly string[]) =>
  sql<UserRecord>`select ${userColumns} from "user" u where u.id = any(${ids}::text[])`

/** Creates the user, or updates it from its token. */
export const upsertSeenUser = (id: string, email: string | null, name: string | null) => sql<UserRecord>`
  insert into "user" as u (id, email, name, seen_at) values (${id}, ${email}, ${name}, now())
  on conflict (id) do update set
    email = coalesce(excluded.email, u.email),
    name = coalesce(excluded.name, u.name),
    seen_at = now()
  returning ${userColumns}`

/** A user may be referred to before its first request. */
export const insertNamedUser = (id: string) =>
  sql<{ id: string }>`insert into "user" (id) values (${id}) on conflict (id) do nothing returning id`

export const lockUser = (id: string) =>
  sql<{ id: string }>`select id from "user" where id = ${id} for no key update`
