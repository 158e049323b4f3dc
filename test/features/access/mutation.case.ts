import type { TestApp } from '../../support/app.js'
import type { Seeded } from '../../support/seed.js'

/** What a case of a mutation is: who may do it, of those who try it on things of one organization. */

export type Role = 'OWNER' | 'ADMIN' | 'MEMBER' | 'VIEWER' | 'outsider' | 'anonymous'

export interface MutationCase {
  /** a document, or the name of one of the contract's */
  document: string
  /** Makes what the mutation needs, as the organization's founder. @returns its variables */
  prepare(app: TestApp, organization: Seeded): Promise<Record<string, unknown>>
  /** 'done', or the code and the cause of the refusal */
  says: Record<Role, string>
}

const ANONYMOUS = 'UNAUTHENTICATED No credential'
const FORBIDDEN = 'INSUFFICIENT_PERMISSIONS'
export const MISSING = 'RESOURCE_NOT_FOUND'

export const everybody = (says: string): Record<Role, string> => ({
  OWNER: says,
  ADMIN: says,
  MEMBER: says,
  VIEWER: says,
  outsider: says,
  anonymous: ANONYMOUS,
})

/** Members may, but for a VIEWER; for others the thing is missing. */
export const writers = (missing: string): Record<Role, string> => ({
  ...everybody('done'),
  VIEWER: `${FORBIDDEN} Write access required`,
  outsider: `${MISSING} ${missing} not found`,
})

/** Administrators may; other members see the thing; for others it is missing. */
export const administrators = (action: 'Edit' | 'Manage', missing: string): Record<Role, string> => ({
  ...writers(missing),
  MEMBER: `${FORBIDDEN} ${action} access required`,
  VIEWER: `${FORBIDDEN} ${action} access required`,
})

export async function messageOf(app: TestApp, organization: Seeded) {
  const { messageIds } = await app.seed.thread({ organization, messages: 1 })
  return { messageId: messageIds[0] }
}

export async function threadOf(app: TestApp, organization: Seeded) {
  const thread = await app.seed.thread({ organization, messages: 1 })
  return { threadId: thread.id }
}
