import type { Viewer } from '../features/access/viewer.js'

/** Whom limits are counted for: a user, or the address of a caller without a credential. */
export interface Holder {
  /** null: without a credential */
  readonly userId: string | null
  /** no other holder has it */
  readonly key: string
}

export function holderOf(viewer: Pick<Viewer, 'userId'> | null, address: string): Holder {
  const userId = viewer?.userId ?? null
  return { userId, key: userId === null ? `address ${address}` : `user ${userId}` }
}
