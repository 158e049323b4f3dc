import type { Transaction } from '../../platform/database/database.js'
import type { Bus } from '../../platform/events/bus.js'

/** Tells workers that there is something to purge: threads, vectors or whole stores. */
export const PURGE_TOPIC = 'purge'

export function announcePurge(tx: Transaction, bus: Bus): void {
  tx.afterCommit(() => bus.publish(PURGE_TOPIC, null))
}
