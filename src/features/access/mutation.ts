import type { Database, Transaction } from '../../platform/database.js'
import { type ReplyCodec, runOnce } from '../../platform/idempotency.js'
import type { Viewer } from './viewer.js'

/** The transactions of mutations: each asks for access first, and is done once for an idempotency key. */

/** What a mutation asks of its caller, and what it does then. */
export interface Mutation<Access, Reply, Kept = Reply> {
  /**
   * Throws unless the caller may do this now. Locks nothing: nobody waits at a row that it may not see. What `work` must
   * be sure of until the commit, it asks again under its locks.
   */
  require(tx: Transaction): Promise<Access>
  work(tx: Transaction, access: Access): Promise<Reply>
  /**
   * Throws unless the caller may have the kept reply of an earlier call now. Left out: what `require` asks. For mutations
   * that end what they ask for, or whose reply shows what they made.
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

/** For what is the caller's own: the credential is enough. */
export async function requireNothing(): Promise<void> {}
