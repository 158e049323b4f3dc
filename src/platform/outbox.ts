import type { Bus } from './bus.js'
import type { Transaction } from './database.js'
import { mintId } from './ids.js'
import type { NewEffect } from './outbox.effect.js'
import { insertEffect } from './outbox.sql.js'

export const OUTBOX_TOPIC = 'outbox'

/**
 * Effects outside the database, each written in the transaction that causes it, so that neither is there without the
 * other. An OutboxWorker carries them out afterwards; its failure never fails the transaction.
 */
export class Outbox {
  constructor(private readonly bus: Bus) {}

  /** @returns the effect's id */
  async addEffect(tx: Transaction, effect: NewEffect): Promise<string> {
    const id = mintId('obx')
    await tx.query(insertEffect(id, effect))
    tx.afterCommit(() => this.bus.publish(OUTBOX_TOPIC, { id }))
    return id
  }
}
