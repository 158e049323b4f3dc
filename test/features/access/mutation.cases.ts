import { randomUUID } from 'node:crypto'
import type { TestApp } from '../../support/app.js'
import {
  FINISH_AGENT_RUN,
  GRANT_TO_ROLE,
  IMPORT_THREADS,
  RETRY_EFFECT,
  REVOKE_FROM_ROLE,
  SET_LEGAL_HOLD,
} from '../../support/documents.js'
import type { Seeded } from '../../support/seed.js'

/** Who may do what: every mutation, tried on things of one organization by each of these, and what it says. */

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
const MISSING = 'RESOURCE_NOT_FOUND'

const everybody = (says: string): Record<Role, string> => ({
  ...{ OWNER: says, ADMIN: says, MEMBER: says, VIEWER: says, outsider: says },
  anonymous: ANONYMOUS,
})

/** Members may, but for a VIEWER; for others the thing is missing. */
const writers = (missing: string): Record<Role, string> => ({
  ...everybody('done'),
  VIEWER: `${FORBIDDEN} Write access required`,
  outsider: `${MISSING} ${missing} not found`,
})

/** Administrators may; other members see the thing; for others it is missing. */
const administrators = (action: 'Edit' | 'Manage', missing: string): Record<Role, string> => ({
  ...writers(missing),
  MEMBER: `${FORBIDDEN} ${action} access required`,
  VIEWER: `${FORBIDDEN} ${action} access required`,
})

async function spaceOf(app: TestApp, organization: Seeded) {
  const space = await app.seed.space(organization, 'ORGANIZATION')
  return { spaceId: space.id }
}

async function threadOf(app: TestApp, organization: Seeded) {
  const thread = await app.seed.thread({ organization, messages: 1 })
  return { threadId: thread.id }
}

async function linkOf(app: TestApp, organization: Seeded) {
  const [space, thread] = [await spaceOf(app, organization), await threadOf(app, organization)]
  const { addThreadToSpace } = await organization.owner.must('AddThreadToSpace', { ...space, ...thread })
  return { ...space, ...thread, backfillId: addThreadToSpace.backfill.id as string }
}

const ORGANIZATIONS: Record<string, MutationCase> = {
  createOrganization: {
    document: 'CreateOrganization',
    prepare: async () => ({ name: 'Acme' }),
    says: everybody('done'),
  },
  addOrganizationMember: {
    document: 'AddOrganizationMember',
    prepare: async (_, { id }) => ({ organizationId: id, userId: `user_${randomUUID()}`, role: 'ADMIN' }),
    says: administrators('Manage', 'Organization'),
  },
  createProject: {
    document: 'CreateProject',
    prepare: async (_, { id }) => ({ input: { organizationId: id, name: 'Website' } }),
    says: writers('Organization'),
  },
  createSpace: {
    document: 'CreateSpace',
    prepare: async (_, { id }) => ({ input: { organizationId: id, name: 'Knowledge' } }),
    says: writers('Organization'),
  },
}

const THREADS: Record<string, MutationCase> = {
  createThread: {
    document: 'CreateThread',
    prepare: async (_, { id }) => ({ input: { organizationId: id } }),
    says: writers('Organization'),
  },
  importThreads: {
    document: IMPORT_THREADS,
    prepare: async (_, { id }) => ({ organizationId: id, threads: [{ id: randomUUID(), messages: [] }] }),
    says: writers('Organization'),
  },
  appendMessages: {
    document: 'AppendMessages',
    prepare: async (app, organization) => ({
      ...(await threadOf(app, organization)),
      messages: [{ role: 'USER', content: 'text' }],
    }),
    says: writers('Thread'),
  },
  startAgentRun: { document: 'StartAgentRun', prepare: threadOf, says: writers('Thread') },
  finishAgentRun: {
    document: FINISH_AGENT_RUN,
    prepare: async (app, organization) => {
      const thread = await threadOf(app, organization)
      const { startAgentRun } = await organization.owner.must('StartAgentRun', thread)
      return { agentRunId: startAgentRun.agentRun.id, status: 'COMPLETED' }
    },
    says: writers('Agent run'),
  },
  deleteThread: { document: 'DeleteThread', prepare: threadOf, says: writers('Thread') },
  restoreThread: {
    document: 'RestoreThread',
    prepare: async (app, organization) => {
      const thread = await threadOf(app, organization)
      await organization.owner.must('DeleteThread', { ...thread, mode: 'SOFT' })
      return thread
    },
    // A soft-deleted thread is visible to nobody who could not restore it.
    says: { ...writers('Thread'), VIEWER: `${MISSING} Thread not found` },
  },
  // Everybody's own, of which there are none here.
  deleteAllThreads: {
    document: 'DeleteAllThreads',
    prepare: async (_, { id }) => ({ organizationId: id }),
    says: everybody('done'),
  },
  // The founder's batch.
  restoreThreads: {
    document: 'RestoreThreads',
    prepare: async (app, organization) => {
      await threadOf(app, organization)
      const { deleteAllThreads } = await organization.owner.must('DeleteAllThreads')
      return { batchId: deleteAllThreads.batchId }
    },
    says: everybody(`${MISSING} Batch not found`),
  },
}

const SPACES: Record<string, MutationCase> = {
  deleteSpace: { document: 'DeleteSpace', prepare: spaceOf, says: administrators('Manage', 'Space') },
  grantSpaceAccess: {
    document: 'GrantSpaceAccess',
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      ...{ userId: 'user_amy', role: 'VIEWER' },
    }),
    says: administrators('Manage', 'Space'),
  },
  revokeSpaceAccess: {
    document: 'RevokeSpaceAccess',
    prepare: async (app, organization) => ({ ...(await spaceOf(app, organization)), userId: 'user_amy' }),
    says: administrators('Manage', 'Space'),
  },
  grantSpaceAccessToRole: {
    document: GRANT_TO_ROLE,
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      ...{ organizationRole: 'VIEWER', role: 'VIEWER' },
    }),
    says: administrators('Manage', 'Space'),
  },
  revokeSpaceAccessFromRole: {
    document: REVOKE_FROM_ROLE,
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      organizationRole: 'VIEWER',
    }),
    says: administrators('Manage', 'Space'),
  },
  addThreadToSpace: {
    document: 'AddThreadToSpace',
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      ...(await threadOf(app, organization)),
    }),
    says: administrators('Edit', 'Thread'),
  },
  removeThreadFromSpace: {
    document: 'RemoveThreadFromSpace',
    prepare: linkOf,
    says: administrators('Edit', 'Space'),
  },
  cancelBackfill: {
    document: 'CancelBackfill',
    prepare: async (app, organization) => pick(await linkOf(app, organization)),
    says: administrators('Edit', 'Backfill'),
  },
  retryBackfill: {
    document: 'RetryBackfill',
    prepare: async (app, organization) => {
      const backfill = pick(await linkOf(app, organization))
      await organization.owner.must('CancelBackfill', backfill)
      return backfill
    },
    says: administrators('Edit', 'Backfill'),
  },
}

function pick({ backfillId }: { backfillId: string }) {
  return { backfillId }
}

const ADMINISTRATION: Record<string, MutationCase> = {
  setLegalHold: {
    document: SET_LEGAL_HOLD,
    prepare: async (app, organization) => ({ ...(await threadOf(app, organization)), legalHold: true }),
    says: administrators('Manage', 'Thread'),
  },
  retryEffect: {
    document: RETRY_EFFECT,
    prepare: async ({ pool }, { id: organizationId }) => {
      const effectId = `obx_${randomUUID()}`
      await pool.query(
        `insert into outbox (id, kind, payload, organization_id, attempts, parked_at)
          values ($1, 'nothing.done', '{}', $2, 8, now())`,
        [effectId, organizationId],
      )
      return { effectId }
    },
    says: administrators('Manage', 'Effect'),
  },
}

export const MUTATIONS: Record<string, MutationCase> = {
  ...ORGANIZATIONS,
  ...THREADS,
  ...SPACES,
  ...ADMINISTRATION,
}
