import { sql } from '../database/database.js'

const LIFETIME_HOURS = 24

export interface Claim {
  principal: string
  operation: string
  key: string
  hash: string
}

export interface StoredReply {
  hash: string
  reply: unknown
}

export const claimKey = ({ principal, operation, key, hash }: Claim) => sql<{ key: string }>`
  insert into idempotency_key (principal, operation, key, arguments_hash, expires_at)
  values (${principal}, ${operation}, ${key}, ${hash}, now() + make_interval(hours => ${LIFETIME_HOURS}::int))
  on conflict (principal, operation, key) do update
    set arguments_hash = excluded.arguments_hash, expires_at = excluded.expires_at, reply = null, created_at = now()
    where idempotency_key.expires_at < now()
  returning key`

export const readReply = ({ principal, operation, key }: Claim) => sql<StoredReply>`
  select arguments_hash as hash, reply from idempotency_key
  where principal = ${principal} and operation = ${operation} and key = ${key} and expires_at >= now()`

export const storeReply = ({ principal, operation, key }: Claim, reply: string) => sql<{ key: string }>`
  update idempotency_key set reply = ${reply}::jsonb
  where principal = ${principal} and operation = ${operation} and key = ${key}
  returning key`

export const deleteExpiredKeys = (limit: number) => sql<{ key: string }>`
  delete from idempotency_key where ctid = any(array(
    select ctid from idempotency_key where expires_at < now() order by expires_at limit ${limit}::int))
  returning key`
