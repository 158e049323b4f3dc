import type { Transaction } from '../../platform/database/database.js'

export interface ChangedMessage {
  id: string
  threadId: string
  sequence: number
}

/** Called in the transaction that changes messages, after the threads' rows are locked and before the usage rows. */
export interface MessageObserver {
  appended(tx: Transaction, threadIds: readonly string[]): Promise<void>
  edited(tx: Transaction, message: ChangedMessage): Promise<void>
  deleted(tx: Transaction, message: ChangedMessage): Promise<void>
}
