import type { Bus } from './bus.js'
import type { Transaction } from './database.js'
import { mintId } from './ids.js'
import type { NewEffect } from './outbox.effect.js'
import { hastenEffect, insertEffect, retryParkedEffect, withdrawEffect } from './outbox.sql.js'

export const OUTBOX_TOPIC = 'outbox'

/**
 * Effects outside the database, each written in the transaction that causes it, so that neither is there without the
 * other. A worker carries them out afterwards; its failure never fails the transaction.
 */
export class Outbox {
  constructor(private readonly bus: Bus) {}

  /** The effect is carried out after `delayMs`, unless it is canceled before. @returns the effect's id */
  async addEffect(tx: Transaction, effect: NewEffect, delayMs = 0): Promise<string> {
    const id = mintId('obx')
    await tx.query(insertEffect(id, effect, delayMs))
    if (delayMs === 0) this.#wake(tx, id)
    return id
  }

  /** Cancels an effect that is waiting. @returns false if it was carried out, or may have been */
  async withdraw(tx: Transaction, id: string): Promise<boolean> {
    return (await tx.query(withdrawEffect(id))).length > 0
  }

  /** Makes a delayed effect due now. */
  async hasten(tx: Transaction, id: string): Promise<void> {
    await tx.query(hastenEffect(id))
    this.#wake(tx, id)
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
