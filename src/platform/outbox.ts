import type { Bus } from './bus.js'
import type { Transaction } from './database.js'
import { mintId } from './ids.js'
import type { NewEffect } from './outbox.effect.js'
import { insertEffect, retryParkedEffect } from './outbox.sql.js'

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
    this.#wake(tx, id)
    return id
  }

  /** @returns false when no effect with this id is parked */
  async retryParked(tx: Transaction, id: string): Promise<boolean> {
    const retried = await tx.query(retryParkedEffect(id))
    if (retried.length > 0) this.#wake(tx, id)
    return retried.length > 0
  }

  #wake(tx: Transaction, id: string): void {
    tx.afterCommit(() => this.bus.publish(OUTBOX_TOPIC, { id }))
  }
}
