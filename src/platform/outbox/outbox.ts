import type { Transaction } from '../database/database.js'
import type { Bus } from '../events/bus.js'
import { mintId } from '../ids.js'
import { idsOf } from '../request.js'
import type { NewEffect } from './outbox.effect.js'

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
    const { request, ...data } = effect
    const nextAttemptAt = new Date(tx.now.getTime() + delayMs)
    await tx.prisma.outbox.create({
      data: { id, ...data, ...(request && idsOf(request)), nextAttemptAt },
      select: { id: true },
    })
    if (delayMs === 0) this.#wake(tx, id)
    return id
  }

  /** Cancels an effect that is waiting. @returns false if it was carried out, or may have been */
  async withdraw(tx: Transaction, id: string): Promise<boolean> {
    const { count } = await tx.prisma.outbox.deleteMany({
      where: { id, attempts: 0, leaseId: null, parkedAt: null },
    })
    return count > 0
  }

  /** Makes a delayed effect due now. */
  async hasten(tx: Transaction, id: string): Promise<void> {
    await tx.prisma.outbox.updateMany({ where: { id, leaseId: null }, data: { nextAttemptAt: tx.now } })
    this.#wake(tx, id)
  }

  /** Resets it: due now, with all attempts. Its last error stays until the next one. @returns false if it is not parked */
  async retryParked(tx: Transaction, id: string): Promise<boolean> {
    const { count } = await tx.prisma.outbox.updateMany({
      where: { id, parkedAt: { not: null } },
      data: { parkedAt: null, attempts: 0, nextAttemptAt: tx.now },
    })
    if (count > 0) this.#wake(tx, id)
    return count > 0
  }

  #wake(tx: Transaction, id: string): void {
    tx.afterCommit(() => this.bus.publish(OUTBOX_TOPIC, { id }))
  }
}
