import type { Database, ModelTransaction, Transaction } from '../../platform/database.js'
import { type ReplyCodec, runOnce } from '../../platform/idempotency.js'
import type { Viewer } from './viewer.js'

/** The transactions of mutations: each is done once for an idempotency key, whoever wrote it. */

export function mutate<Reply, Kept = Reply>(
  db: Database,
  viewer: Viewer,
  work: (tx: Transaction) => Promise<Reply>,
  codec?: ReplyCodec<Reply, Kept>,
): Promise<Reply> {
  return db.transaction((tx) => runOnce(tx, viewer.userId, viewer.call, () => work(tx), codec))
}

/** The same for rare mutations that Prisma's models say best. */
export function mutateModels<Reply>(
  db: Database,
  viewer: Viewer,
  work: (tx: ModelTransaction) => Promise<Reply>,
): Promise<Reply> {
  return db.modelTransaction((tx) => runOnce(tx, viewer.userId, viewer.call, () => work(tx)))
}
