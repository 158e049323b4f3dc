/** Users that no token and no service key may name. */

// Fixed, so that every node and every start names the same first user.
export const BOOTSTRAP_USER_ID = 'user_bootstrap'
const RESERVED: readonly string[] = [BOOTSTRAP_USER_ID, 'system']

export function isReserved(userId: string): boolean {
  return RESERVED.includes(userId)
}
