import { REEMBED_SPACE } from '../../support/documents.js'
import { parkEffect } from '../administration/parked.effect.fixture.js'
import {
  both,
  inOrganization,
  inSpace,
  KEPT_IN_ORGANIZATION,
  linked,
  type MutationEntry,
  OWN,
  onMessage,
  onThread,
} from './mutation.worlds.js'
import { ORGANIZATION_MUTATIONS } from './organization.mutations.js'

/** A second model that the server has. */
export const OTHER_MODEL = { model: 'other-words@1', dimensions: 32 }

/** Every mutation, by the name of its field. */
export const MUTATIONS: Readonly<Record<string, MutationEntry>> = {
  ...ORGANIZATION_MUTATIONS,
  addThreadToSpace: {
    action: 'space.thread-added',
    replay: both('Thread'),
    prepare: async ({ seed }) => {
      const organization = await seed.organization()
      const { id: spaceId } = await seed.space(organization)
      const { id: threadId } = await seed.thread({ organization, messages: 2 })
      return { caller: organization.owner, variables: { spaceId, threadId } }
    },
  },
  appendMessages: {
    action: 'thread.messages-appended',
    replay: both('Thread'),
    prepare: (app) => onThread(app, { messages: [{ role: 'USER', content: 'one more' }] }),
  },
  cancelBackfill: {
    action: 'backfill.canceled',
    replay: both('Backfill'),
    prepare: async (app) => {
      const { owner, backfillId } = await linked(app)
      return { caller: owner, variables: { backfillId } }
    },
  },
  cancelReembedding: {
    action: 'space.reembedding-canceled',
    replay: both('Reembedding'),
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      const variables = { spaceId: link.spaceId, model: OTHER_MODEL.model }
      const { reembedSpace } = await owner.must(REEMBED_SPACE, variables)
      return { caller: owner, variables: { reembeddingId: reembedSpace.reembedding.id } }
    },
  },
  createApiKey: {
    action: 'api-key.created',
    replay: OWN,
    prepare: (app) => inOrganization(app, () => ({ input: { name: 'CI', scopes: ['threads:read'] } })),
    refused: { input: { name: '', scopes: ['threads:read'] } },
  },
  createProject: {
    action: 'project.created',
    replay: KEPT_IN_ORGANIZATION,
    prepare: (app) => inOrganization(app, (id) => ({ input: { organizationId: id, name: 'Website' } })),
  },
  createSpace: {
    action: 'space.created',
    replay: { removed: 'Organization', deleted: 'Space' },
    prepare: (app) => inOrganization(app, (id) => ({ input: { organizationId: id, name: 'Knowledge' } })),
  },
  createThread: {
    action: 'thread.created',
    replay: { removed: 'Organization', deleted: 'Thread' },
    prepare: (app) => inOrganization(app, (id) => ({ input: { organizationId: id } })),
  },
  deleteAllThreads: {
    action: 'user.threads-deleted',
    replay: OWN,
    prepare: async ({ seed }) => ({ caller: (await seed.thread({ messages: 2 })).owner, variables: {} }),
    refused: { organizationId: 'acme' },
  },
  deleteMessage: { action: 'message.deleted', replay: both('Thread'), prepare: (app) => onMessage(app, {}) },
  deleteSpace: {
    action: 'space.deleted',
    replay: { removed: 'Space', deleted: null },
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { spaceId: link.spaceId } }
    },
  },
  deleteThread: {
    action: 'thread.deleted',
    replay: { removed: 'Thread', deleted: null },
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { threadId: link.threadId } }
    },
  },
  editMessage: {
    action: 'message.edited',
    replay: both('Message'),
    prepare: (app) => onMessage(app, { content: 'another text' }),
  },
  finishAgentRun: {
    action: 'agent-run.finished',
    replay: both('Agent run'),
    prepare: async ({ seed }) => {
      const { id, owner } = await seed.thread()
      const { startAgentRun } = await owner.must('StartAgentRun', { threadId: id })
      return { caller: owner, variables: { agentRunId: startAgentRun.agentRun.id, status: 'COMPLETED' } }
    },
  },
  grantSpaceAccess: {
    action: 'space.access-granted',
    replay: both('Space'),
    prepare: (app) => inSpace(app, { userId: 'user_ann', role: 'EDITOR' }),
  },
  grantSpaceAccessToRole: {
    action: 'space.access-granted',
    replay: both('Space'),
    prepare: (app) => inSpace(app, { organizationRole: 'MEMBER', role: 'EDITOR' }),
  },
  importThreads: {
    action: 'organization.threads-imported',
    replay: KEPT_IN_ORGANIZATION,
    prepare: (app) =>
      inOrganization(app, (organizationId) => ({
        organizationId,
        threads: [{ id: 'imported', messages: [{ id: 'imported-1', role: 'USER', content: 'hello' }] }],
      })),
  },
  reembedSpace: {
    action: 'space.reembedding-started',
    replay: both('Space'),
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { spaceId: link.spaceId, model: OTHER_MODEL.model } }
    },
  },
  removeThreadFromSpace: {
    action: 'space.thread-removed',
    replay: both('Space'),
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: link }
    },
  },
  repairSpace: {
    action: 'space.repaired',
    replay: both('Space'),
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { spaceId: link.spaceId } }
    },
  },
  restoreThread: {
    action: 'thread.restored',
    replay: both('Thread'),
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      await owner.must('DeleteThread', { threadId: link.threadId, mode: 'SOFT' })
      return { caller: owner, variables: { threadId: link.threadId } }
    },
  },
  restoreThreads: {
    action: 'user.threads-restored',
    replay: OWN,
    prepare: async (app) => {
      const { owner } = await linked(app)
      const { deleteAllThreads } = await owner.must('DeleteAllThreads')
      return { caller: owner, variables: { batchId: deleteAllThreads.batchId } }
    },
  },
  retryBackfill: {
    action: 'backfill.retried',
    replay: both('Backfill'),
    prepare: async (app) => {
      const { owner, backfillId } = await linked(app)
      await owner.must('CancelBackfill', { backfillId })
      return { caller: owner, variables: { backfillId } }
    },
  },
  retryEffect: {
    action: 'effect.retried',
    replay: { removed: 'Effect', deleted: null },
    prepare: async ({ seed, pool }) => {
      const { id, owner } = await seed.organization()
      return { caller: owner, variables: { effectId: await parkEffect(pool, { organizationId: id }) } }
    },
  },
  revokeApiKey: {
    action: 'api-key.revoked',
    replay: OWN,
    prepare: async ({ seed }) => {
      const { owner } = await seed.organization()
      const { apiKey } = await seed.apiKey(owner, ['threads:read'])
      return { caller: owner, variables: { apiKeyId: apiKey.id } }
    },
  },
  revokeSpaceAccess: {
    action: 'space.access-revoked',
    replay: both('Space'),
    prepare: async ({ seed }) => {
      const space = await seed.space()
      const { userId } = await seed.grant(space, 'VIEWER')
      return { caller: space.owner, variables: { spaceId: space.id, userId } }
    },
  },
  revokeSpaceAccessFromRole: {
    action: 'space.access-revoked',
    replay: both('Space'),
    prepare: (app) => inSpace(app, { organizationRole: 'MEMBER' }),
  },
  setLegalHold: {
    action: 'thread.hold-set',
    replay: { removed: 'Thread', deleted: null },
    prepare: (app) => onThread(app, { legalHold: true }),
  },
  startAgentRun: { action: 'agent-run.started', replay: both('Thread'), prepare: (app) => onThread(app, {}) },
}
