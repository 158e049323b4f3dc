import { type Statement, sql, type Transaction } from './database.js'
import { conflict, invalid } from './errors.js'
import { sha256 } from './ids.js'

const LIFETIME_HOURS = 24
const KEY = /^[\x21-\x7e]{1,255}$/

export interface IdempotentCall {
  /** whose key it is: two users never share one */
  principal: string
  operation: string
  /** null: the call is made each time */
  key: string | null | undefined
  arguments: unknown
}

/**
 * Runs `work` once for a key. The key's row is written in the transaction of the work, so that neither is there without
 * the other; a concurrent twin waits at the row and gets the stored reply. Keys are kept for 24 hours.
 */
export async function runOnce<Reply>(
  tx: Transaction,
  call: IdempotentCall,
  work: () => Promise<Reply>,
  revive: (stored: Reply) => Reply,
): Promise<Reply> {
  if (call.key == null) return work()
  const key = requireKey(call.key)
  const hash = sha256(JSON.stringify(call.arguments))
  if ((await tx.query(claimKey(call, key, hash))).length === 0) {
    const [stored] = await tx.query<{ hash: string; reply: Reply }>(readReply(call, key))
    if (!stored || stored.hash !== hash) {
      throw conflict('This idempotency key was used with other arguments.', 'Idempotency key reused', {
        idempotencyKey: key,
      })
    }
    return revive(stored.reply)
  }
  const reply = await work()
  await tx.query(storeReply(call, key, JSON.stringify(reply)))
  return reply
}

function requireKey(key: string): string {
  if (!KEY.test(key)) {
    throw invalid('Invalid idempotencyKey. It must have 1 to 255 printable characters and no spaces.', {
      idempotencyKey: key.slice(0, 64),
    })
  }
  return key
}

function claimKey({ principal, operation }: IdempotentCall, key: string, hash: string): Statement {
  return sql`
    insert into idempotency_key (principal, operation, key, arguments_hash, expires_at)
    values (${principal}, ${operation}, ${key}, ${hash}, now() + make_interval(hours => ${LIFETIME_HOURS}::int))
    on conflict (principal, operation, key) do update
      set arguments_hash = excluded.arguments_hash, expires_at = excluded.expires_at, reply = null, created_at = now()
      where idempotency_key.expires_at < now()
    returning key`
}

function readReply({ principal, operation }: IdempotentCall, key: string): Statement {
  return sql`
    select arguments_hash as hash, reply from idempotency_key
    where principal = ${principal} and operation = ${operation} and key = ${key}`
}

function storeReply({ principal, operation }: IdempotentCall, key: string, reply: string): Statement {
  return sql`
    update idempotency_key set reply = ${reply}::jsonb
    where principal = ${principal} and operation = ${operation} and key = ${key}
    returning key`
}
