import { randomUUID } from 'node:crypto'
import type { TestApp } from '../../support/app.js'
import {
  ACCEPT_MEMBERSHIP,
  CREATE_API_KEY,
  DECLINE_MEMBERSHIP,
  DELETE_MESSAGE,
  EDIT_MESSAGE,
  FINISH_AGENT_RUN,
  IMPORT_THREADS,
  LEAVE_ORGANIZATION,
  OPEN_PERSONAL_ORGANIZATION,
  REMOVE_MEMBER,
  RETRY_EFFECT,
  REVOKE_API_KEY,
  SET_LEGAL_HOLD,
  UPDATE_MEMBER,
} from '../../support/documents.js'
import type { Seeded } from '../../support/seed.js'
import {
  administrators,
  everybody,
  MISSING,
  type MutationCase,
  messageOf,
  threadOf,
  writers,
} from './mutation.case.js'
import { SPACE_MUTATIONS } from './space.cases.js'

/** Who may do what: every mutation, and what it says. */

async function memberOf({ seed }: TestApp, organization: Seeded) {
  const { userId } = await seed.member(organization)
  return { organizationId: organization.id, userId }
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
  acceptMembership: {
    document: ACCEPT_MEMBERSHIP,
    prepare: async (_, { id }) => ({ organizationId: id }),
    says: { ...everybody('done'), outsider: `${MISSING} Membership not found` },
  },
  declineMembership: {
    document: DECLINE_MEMBERSHIP,
    prepare: async (_, { id }) => ({ organizationId: id }),
    says: {
      ...everybody('CONFLICT Membership accepted'),
      outsider: `${MISSING} Membership not found`,
    },
  },
  openPersonalOrganization: {
    document: OPEN_PERSONAL_ORGANIZATION,
    prepare: async () => ({}),
    says: everybody('done'),
  },
  leaveOrganization: {
    document: LEAVE_ORGANIZATION,
    // Nobody who is asked may go: the organization of who asks is another, or its own.
    prepare: async () => ({ organizationId: 'org_nowhere' }),
    says: everybody(`${MISSING} Organization not found`),
  },
  removeOrganizationMember: {
    document: REMOVE_MEMBER,
    prepare: async (app, organization) => memberOf(app, organization),
    says: administrators('Manage', 'Organization'),
  },
  updateOrganizationMember: {
    document: UPDATE_MEMBER,
    prepare: async (app, organization) => ({ ...(await memberOf(app, organization)), role: 'VIEWER' }),
    says: administrators('Manage', 'Organization'),
  },
  createApiKey: {
    document: CREATE_API_KEY,
    prepare: async () => ({ input: { name: 'CI', scopes: ['threads:read'] } }),
    says: everybody('done'),
  },
  revokeApiKey: {
    document: REVOKE_API_KEY,
    prepare: async () => ({ apiKeyId: 'key_of_somebody' }),
    says: everybody(`${MISSING} API key not found`),
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
  editMessage: {
    document: EDIT_MESSAGE,
    prepare: async (app, organization) => ({
      ...(await messageOf(app, organization)),
      content: 'another text',
    }),
    says: writers('Message'),
  },
  deleteMessage: { document: DELETE_MESSAGE, prepare: messageOf, says: writers('Message') },
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
  ...SPACE_MUTATIONS,
  ...ADMINISTRATION,
}
