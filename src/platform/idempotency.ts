import { type Queryable, type Statement, sql, type Transaction } from './database.js'
import { conflict, invalid } from './errors.js'
import { sha256 } from './ids.js'
import { decodeJson, encodeJson } from './json.codec.js'

const LIFETIME_HOURS = 24
const KEY = /^[\x21-\x7e]{1,255}$/

/** A mutation call with an idempotency key: its caller may safely retry it. */
export interface IdempotentCall {
  /** name of the mutation field */
  operation: string
  /** 1 to 255 printable characters */
  key: string
  arguments: unknown
}

/** Stores a reply without the parts that the call's arguments already contain. */
export interface ReplyCodec<Reply, Kept> {
  keep(reply: Reply): Kept
  recall(kept: Kept): Reply
}

/** The work that is done once per key. */
export interface OnceOnly<Reply, Kept = Reply> {
  work(): Promise<Reply>
  /** Throws unless the caller of a retry may still see the reply. */
  requireReply(reply: Reply): Promise<unknown>
  codec?: ReplyCodec<Reply, Kept> | undefined
}

/**
 * Does the work once per key and principal. The key is inserted in the transaction of the work, so both are committed or
 * neither; a concurrent call with the same key waits for that row and returns the stored reply. Keys are kept for 24
 * hours. Without a call, the work is always done.
 */
export async function runOnce<Reply, Kept = Reply>(
  tx: Transaction,
  principal: string,
  call: IdempotentCall | null,
  { work, requireReply, codec }: OnceOnly<Reply, Kept>,
): Promise<Reply> {
  if (!call) return work()
  const claim = claimOf(principal, call)
  if ((await tx.query(claimKey(claim))).length === 0) {
    const kept = requireSameCall(claim, await tx.query(readReply(claim)))
    const reply = codec ? codec.recall(decodeJson<Kept>(kept)) : decodeJson<Reply>(kept)
    await requireReply(reply)
    return reply
  }
  const reply = await work()
  await tx.query(storeReply(claim, encodeJson(codec ? codec.keep(reply) : reply)))
  return reply
}

/**
 * The stored reply of an earlier call, for work that spans several transactions: only `runOnce` in the last one prevents
 * two concurrent calls from both doing the work. @returns null if there is none
 */
export async function findReply<Reply>(
  db: Queryable,
  principal: string,
  call: IdempotentCall | null,
): Promise<{ reply: Reply } | null> {
  if (!call) return null
  const claim = claimOf(principal, call)
  const rows = await db.query<StoredReply>(readReply(claim))
  return rows.length === 0 ? null : { reply: decodeJson<Reply>(requireSameCall(claim, rows)) }
}

interface Claim {
  principal: string
  operation: string
  key: string
  hash: string
}

interface StoredReply {
  hash: string
  reply: unknown
}

function claimOf(principal: string, { operation, key, arguments: given }: IdempotentCall): Claim {
  return { principal, operation, key: requireKey(key), hash: sha256(encodeJson(given)) }
}

function requireSameCall({ key, hash }: Claim, [stored]: readonly StoredReply[]): unknown {
  if (stored?.hash === hash) return stored.reply
  throw conflict('This idempotency key was used with other arguments.', 'Idempotency key reused', {
    idempotencyKey: key,
  })
}

function requireKey(key: string): string {
  if (!KEY.test(key)) {
    throw invalid('Invalid idempotencyKey. It must have 1 to 255 printable characters and no spaces.', {
      idempotencyKey: key.slice(0, 64),
    })
  }
  return key
}

function claimKey({ principal, operation, key, hash }: Claim): Statement {
  return sql`
    insert into idempotency_key (principal, operation, key, arguments_hash, expires_at)
    values (${principal}, ${operation}, ${key}, ${hash}, now() + make_interval(hours => ${LIFETIME_HOURS}::int))
    on conflict (principal, operation, key) do update
      set arguments_hash = excluded.arguments_hash, expires_at = excluded.expires_at, reply = null, created_at = now()
      where idempotency_key.expires_at < now()
    returning key`
}

function readReply({ principal, operation, key }: Claim): Statement {
  return sql`
    select arguments_hash as hash, reply from idempotency_key
    where principal = ${principal} and operation = ${operation} and key = ${key} and expires_at >= now()`
}

function storeReply({ principal, operation, key }: Claim, reply: string): Statement {
  return sql`
    update idempotency_key set reply = ${reply}::jsonb
    where principal = ${principal} and operation = ${operation} and key = ${key}
    returning key`
}

const MAX_KEYS_AT_ONCE = 1_000

/** Removes expired keys. @returns whether more may be left */
export async function removeExpiredKeys(db: Queryable): Promise<boolean> {
  return (await db.query(deleteExpiredKeys(MAX_KEYS_AT_ONCE))).length === MAX_KEYS_AT_ONCE
}

export const deleteExpiredKeys = (limit: number): Statement => sql`
  delete from idempotency_key where ctid = any(array(
    select ctid from idempotency_key where expires_at < now() order by expires_at limit ${limit}::int))
  returning key`
