import type { Transaction } from '../../platform/database/database.js'

/** Called in the transaction that ends a membership, after its row is deleted and before any other lock. */
export interface MembershipObserver {
  ended(tx: Transaction, organizationId: string, userId: string): Promise<void>
}
