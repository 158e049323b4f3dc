import type { Queryable, Transaction } from '../database/database.js'
import { conflict, invalid } from '../errors.js'
import { sha256 } from '../ids.js'
import {
  type Claim,
  claimKey,
  deleteExpiredKeys,
  readReply,
  type StoredReply,
  storeReply,
} from './idempotency.sql.js'
import { decodeJson, encodeJson } from './json.codec.js'

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
  const rows = await db.query(readReply(claim))
  return rows.length === 0 ? null : { reply: decodeJson<Reply>(requireSameCall(claim, rows)) }
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

const MAX_KEYS_AT_ONCE = 1_000

/** Removes expired keys. @returns whether more may be left */
export async function removeExpiredKeys(db: Queryable): Promise<boolean> {
  return (await db.query(deleteExpiredKeys(MAX_KEYS_AT_ONCE))).length === MAX_KEYS_AT_ONCE
}
