import type { TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { REEMBED_SPACE } from '../../support/documents.js'
import { parkEffect } from '../administration/parked.effect.fixture.js'

/** A second model that the server has. */
export const OTHER_MODEL = { model: 'other-words@1', dimensions: 32 }

type Variables = Record<string, unknown>

/** A call of a mutation that succeeds, once what it needs is there. */
export interface PreparedCall {
  caller: TestClient
  variables: Variables
}

interface MutationEntry {
  /** what its event says */
  action: string
  prepare(app: TestApp): Promise<PreparedCall>
  /** variables that are refused; left out: a stranger is */
  refused?: Variables
}

const linked = async ({ seed }: TestApp) => {
  const { owner, space, thread, backfillId } = await seed.spaceWithThread()
  return { owner, backfillId, link: { spaceId: space.id, threadId: thread.id } }
}

const inSpace = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const { id, owner } = await seed.space()
  return { caller: owner, variables: { spaceId: id, ...variables } }
}

const inOrganization = async (
  { seed }: TestApp,
  variablesOf: (organizationId: string) => Variables,
): Promise<PreparedCall> => {
  const { id, owner } = await seed.organization()
  return { caller: owner, variables: variablesOf(id) }
}

const onThread = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const { id, owner } = await seed.thread({ messages: 2 })
  return { caller: owner, variables: { threadId: id, ...variables } }
}

const onMessage = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const { owner, messageIds } = await seed.thread({ messages: 2 })
  return { caller: owner, variables: { messageId: messageIds[0], ...variables } }
}

/** Every mutation, by the name of its field. */
export const MUTATIONS: Readonly<Record<string, MutationEntry>> = {
  addOrganizationMember: {
    action: 'organization.member-added',
    prepare: (app) =>
      inOrganization(app, (id) => ({ organizationId: id, userId: 'user_ann', role: 'MEMBER' })),
  },
  addThreadToSpace: {
    action: 'space.thread-added',
    prepare: async ({ seed }) => {
      const organization = await seed.organization()
      const { id: spaceId } = await seed.space(organization)
      const { id: threadId } = await seed.thread({ organization, messages: 2 })
      return { caller: organization.owner, variables: { spaceId, threadId } }
    },
  },
  appendMessages: {
    action: 'thread.messages-appended',
    prepare: (app) => onThread(app, { messages: [{ role: 'USER', content: 'one more' }] }),
  },
  cancelBackfill: {
    action: 'backfill.canceled',
    prepare: async (app) => {
      const { owner, backfillId } = await linked(app)
      return { caller: owner, variables: { backfillId } }
    },
  },
  cancelReembedding: {
    action: 'space.reembedding-canceled',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      const variables = { spaceId: link.spaceId, model: OTHER_MODEL.model }
      const { reembedSpace } = await owner.must(REEMBED_SPACE, variables)
      return { caller: owner, variables: { reembeddingId: reembedSpace.reembedding.id } }
    },
  },
  createOrganization: {
    action: 'organization.created',
    prepare: (app) => inOrganization(app, () => ({ name: 'Another' })),
    refused: { name: '' },
  },
  createProject: {
    action: 'project.created',
    prepare: (app) => inOrganization(app, (id) => ({ input: { organizationId: id, name: 'Website' } })),
  },
  createSpace: {
    action: 'space.created',
    prepare: (app) => inOrganization(app, (id) => ({ input: { organizationId: id, name: 'Knowledge' } })),
  },
  createThread: {
    action: 'thread.created',
    prepare: (app) => inOrganization(app, (id) => ({ input: { organizationId: id } })),
  },
  deleteAllThreads: {
    action: 'user.threads-deleted',
    prepare: async ({ seed }) => ({ caller: (await seed.thread({ messages: 2 })).owner, variables: {} }),
    refused: { organizationId: 'acme' },
  },
  deleteMessage: { action: 'message.deleted', prepare: (app) => onMessage(app, {}) },
  deleteSpace: {
    action: 'space.deleted',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { spaceId: link.spaceId } }
    },
  },
  deleteThread: {
    action: 'thread.deleted',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { threadId: link.threadId } }
    },
  },
  editMessage: {
    action: 'message.edited',
    prepare: (app) => onMessage(app, { content: 'another text' }),
  },
  finishAgentRun: {
    action: 'agent-run.finished',
    prepare: async ({ seed }) => {
      const { id, owner } = await seed.thread()
      const { startAgentRun } = await owner.must('StartAgentRun', { threadId: id })
      return { caller: owner, variables: { agentRunId: startAgentRun.agentRun.id, status: 'COMPLETED' } }
    },
  },
  grantSpaceAccess: {
    action: 'space.access-granted',
    prepare: (app) => inSpace(app, { userId: 'user_ann', role: 'EDITOR' }),
  },
  grantSpaceAccessToRole: {
    action: 'space.access-granted',
    prepare: (app) => inSpace(app, { organizationRole: 'MEMBER', role: 'EDITOR' }),
  },
  importThreads: {
    action: 'organization.threads-imported',
    prepare: (app) =>
      inOrganization(app, (organizationId) => ({
        organizationId,
        threads: [{ id: 'imported', messages: [{ id: 'imported-1', role: 'USER', content: 'hello' }] }],
      })),
  },
  reembedSpace: {
    action: 'space.reembedding-started',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { spaceId: link.spaceId, model: OTHER_MODEL.model } }
    },
  },
  removeThreadFromSpace: {
    action: 'space.thread-removed',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: link }
    },
  },
  repairSpace: {
    action: 'space.repaired',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      return { caller: owner, variables: { spaceId: link.spaceId } }
    },
  },
  restoreThread: {
    action: 'thread.restored',
    prepare: async (app) => {
      const { owner, link } = await linked(app)
      await owner.must('DeleteThread', { threadId: link.threadId, mode: 'SOFT' })
      return { caller: owner, variables: { threadId: link.threadId } }
    },
  },
  restoreThreads: {
    action: 'user.threads-restored',
    prepare: async (app) => {
      const { owner } = await linked(app)
      const { deleteAllThreads } = await owner.must('DeleteAllThreads')
      return { caller: owner, variables: { batchId: deleteAllThreads.batchId } }
    },
  },
  retryBackfill: {
    action: 'backfill.retried',
    prepare: async (app) => {
      const { owner, backfillId } = await linked(app)
      await owner.must('CancelBackfill', { backfillId })
      return { caller: owner, variables: { backfillId } }
    },
  },
  retryEffect: {
    action: 'effect.retried',
    prepare: async ({ seed, pool }) => {
      const { id, owner } = await seed.organization()
      return { caller: owner, variables: { effectId: await parkEffect(pool, { organizationId: id }) } }
    },
  },
  revokeSpaceAccess: {
    action: 'space.access-revoked',
    prepare: async ({ seed }) => {
      const space = await seed.space()
      const { userId } = await seed.grant(space, 'VIEWER')
      return { caller: space.owner, variables: { spaceId: space.id, userId } }
    },
  },
  revokeSpaceAccessFromRole: {
    action: 'space.access-revoked',
    prepare: (app) => inSpace(app, { organizationRole: 'MEMBER' }),
  },
  setLegalHold: { action: 'thread.hold-set', prepare: (app) => onThread(app, { legalHold: true }) },
  startAgentRun: { action: 'agent-run.started', prepare: (app) => onThread(app, {}) },
}
