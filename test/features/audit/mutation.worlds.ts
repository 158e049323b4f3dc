import type { TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'

/** What mutations need, made before they are called. */

export type Variables = Record<string, unknown>

/** A call of a mutation that succeeds, once what it needs is there. */
export interface PreparedCall {
  caller: TestClient
  variables: Variables
}

export interface MutationEntry {
  /** what its event says */
  action: string
  prepare(app: TestApp): Promise<PreparedCall>
  /** what a call that is repeated says is not found; null: it gets its first reply */
  replay: {
    /** once the caller is no member any more. Null: what it did was its own. */
    removed: string | null
    /** once the threads and spaces are soft-deleted */
    deleted: string | null
  }
  /** variables that are refused; left out: a stranger is */
  refused?: Variables
}

export const both = (missing: string) => ({ removed: missing, deleted: missing })
export const OWN = { removed: null, deleted: null }
export const KEPT_IN_ORGANIZATION = { removed: 'Organization', deleted: null }

export const linked = async ({ seed }: TestApp) => {
  const { owner, space, thread, backfillId } = await seed.spaceWithThread()
  return { owner, backfillId, link: { spaceId: space.id, threadId: thread.id } }
}

export const inSpace = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const { id, owner } = await seed.space()
  return { caller: owner, variables: { spaceId: id, ...variables } }
}

export const inOrganization = async (
  { seed }: TestApp,
  variablesOf: (organizationId: string) => Variables,
): Promise<PreparedCall> => {
  const { id, owner } = await seed.organization()
  return { caller: owner, variables: variablesOf(id) }
}

export const onThread = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const { id, owner } = await seed.thread({ messages: 2 })
  return { caller: owner, variables: { threadId: id, ...variables } }
}

export const onMessage = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const { owner, messageIds } = await seed.thread({ messages: 2 })
  return { caller: owner, variables: { messageId: messageIds[0], ...variables } }
}
