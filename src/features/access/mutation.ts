import type { Database, Transaction } from '../../platform/database/database.js'
import { type ReplyCodec, runOnce } from '../../platform/idempotency/idempotency.js'
import type { Viewer } from './viewer.js'

/** Transactions of mutations: each checks access first, and runs once per idempotency key. */

/** A mutation's access check and its work. */
export interface Mutation<Access, Reply, Kept = Reply> {
  /**
   * Throws unless the caller may do this now. Takes no locks, so that nobody waits for a row that it may not see; `work`
   * checks again, under its locks, what must hold until the commit.
   */
  require(tx: Transaction): Promise<Access>
  work(tx: Transaction, access: Access): Promise<Reply>
  /**
   * Throws unless the caller may see the stored reply of an earlier call now. Default: `require`. For mutations that delete
   * what `require` checks, or whose reply shows what they created.
   */
  requireReply?(tx: Transaction, reply: Reply): Promise<unknown>
  codec?: ReplyCodec<Reply, Kept>
}

export function mutate<Access, Reply, Kept = Reply>(
  db: Database,
  viewer: Viewer,
  mutation: Mutation<Access, Reply, Kept>,
): Promise<Reply> {
  return db.transaction((tx) =>
    runOnce(tx, viewer.userId, viewer.call, {
      work: async () => mutation.work(tx, await mutation.require(tx)),
      requireReply: async (reply) => (mutation.requireReply ?? mutation.require)(tx, reply),
      codec: mutation.codec,
    }),
  )
}

/** For the caller's own data: the credential is sufficient. */
export async function requireNothing(): Promise<void> {}
