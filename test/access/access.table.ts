import { randomUUID } from 'node:crypto'
import type { TestApp } from '../support/app.js'
import { ACCEPT_MEMBERSHIP, REMOVE_MEMBER } from '../support/documents.js'
import type { Caller } from './access.callers.js'
import { type Action, isRefusal, type Need, type Needs, type Resource } from './access.rules.js'
import { type Granted, type Ids, OTHER_MODEL, seedInvited, seedSpace, type Tenant } from './access.world.js'

/** What each root field of the schema needs: its row says no more than that, and whom it is given to follows. */

export interface Operation extends Needs {
  variables(ids: Ids): Record<string, unknown>
  /** Makes anew what the operation uses up. @returns it */
  renew?(app: TestApp, tenant: Tenant, granted: Granted, state: 'exists' | 'deleted'): Promise<Partial<Ids>>
  /** Makes of the caller what it was. */
  restore?(app: TestApp, tenant: Tenant, caller: Caller): Promise<void>
}

const need = (action: Action, of: Resource, missing: string): Need => ({ action, of, missing })

const pick =
  (...names: (keyof Ids)[]) =>
  (ids: Ids) =>
    Object.fromEntries(names.map((name) => [name, ids[name]]))

const own = (variables: Operation['variables'] = () => ({})): Operation => ({ needs: [], variables })

function onOrganization(
  action: Action,
  more: (ids: Ids) => Record<string, unknown> = pick('organizationId'),
): Operation {
  return { needs: [need(action, 'organization', 'Organization')], variables: more }
}

/** On the caller's own membership. */
function onMembership(missing: string): Operation {
  return {
    needs: [need('read', 'membership', missing)],
    variables: pick('organizationId'),
    restore: rejoin,
  }
}

function onThread(action: Action, more: Record<string, unknown> = {}, missing = 'Thread'): Operation {
  return {
    needs: [need(action, 'thread', missing)],
    variables: (ids) => ({ ...pick(idOf(missing))(ids), ...more }),
  }
}

function onSpace(action: Action, more: Record<string, unknown> = {}, missing = 'Space'): Operation {
  return {
    needs: [need(action, 'space', missing)],
    variables: (ids) => ({ ...pick(idOf(missing))(ids), ...more }),
  }
}

/** Under the argument `id`. */
function byId(operation: Operation): Operation {
  return { ...operation, variables: (ids) => ({ id: Object.values(operation.variables(ids))[0] }) }
}

/** Agent run: agentRunId. */
function idOf(missing: string): keyof Ids {
  const [first = '', ...words] = missing.split(' ')
  const rest = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return `${first.toLowerCase()}${rest.join('')}Id` as keyof Ids
}

const QUERIES: Record<string, Operation> = {
  viewer: own(),
  apiKeys: own(),
  embeddingModels: own(),
  threadsDeletionPreview: own(pick('organizationId')),
  auditEvents: onOrganization('manage'),
  parkedEffects: onOrganization('manage'),
  projects: onOrganization('read'),
  spaces: onOrganization('read'),
  threads: onOrganization('read'),
  searchThreads: onOrganization('read', ({ organizationId }) => ({ organizationId, query: 'topic' })),
  project: {
    needs: [need('read', 'organization', 'Project')],
    variables: ({ projectId }) => ({ id: projectId }),
  },
  thread: byId(onThread('read')),
  threadDeletionPreview: onThread('write'),
  space: byId(onSpace('read')),
  spaceHealth: onSpace('manage'),
  searchSpace: onSpace('read', { query: 'topic' }),
  backfill: byId(onSpace('read', {}, 'Backfill')),
  backfillFailures: onSpace('read', {}, 'Backfill'),
  reembedding: byId(onSpace('read', {}, 'Reembedding')),
}

const SUBSCRIPTIONS: Record<string, Operation> = {
  backfillProgress: onSpace('read', {}, 'Backfill'),
  spaceBackfillProgress: onSpace('read'),
  reembedProgress: onSpace('read', {}, 'Reembedding'),
  deletionProgress: { needs: [need('read', 'own', 'Deletion')], variables: pick('batchId') },
}

const ORGANIZATIONS: Record<string, Operation> = {
  openPersonalOrganization: own(),
  createOrganization: own(() => ({ name: 'Another' })),
  addOrganizationMember: onOrganization('manage', ({ organizationId }) => ({
    organizationId,
    userId: 'user_new',
    role: 'MEMBER',
  })),
  createProject: onOrganization('write', ({ organizationId }) => ({
    input: { organizationId, name: 'New' },
  })),
  createSpace: onOrganization('write', ({ organizationId }) => ({ input: { organizationId, name: 'New' } })),
  createThread: onOrganization('write', ({ organizationId }) => ({ input: { organizationId } })),
  importThreads: onOrganization('write', ({ organizationId }) => ({
    organizationId,
    threads: [{ id: randomUUID(), messages: [] }],
  })),
  retryEffect: { needs: [need('manage', 'organization', 'Effect')], variables: pick('effectId') },
}

const MEMBERS: Record<string, Operation> = {
  acceptMembership: onMembership('Membership'),
  declineMembership: onMembership('Membership'),
  leaveOrganization: onMembership('Organization'),
  updateOrganizationMember: onOrganization('manage', ({ organizationId, memberId }) => ({
    organizationId,
    userId: memberId,
    role: 'VIEWER',
  })),
  removeOrganizationMember: {
    ...onOrganization('manage', ({ organizationId, memberId }) => ({ organizationId, userId: memberId })),
    renew: async (app, { organization }) => ({ memberId: await seedInvited(app, organization) }),
  },
}

const KEYS: Record<string, Operation> = {
  // Of the scope that whoever may make keys has, as no key makes one that may do more.
  createApiKey: { ...own(() => ({ input: { name: 'New', scopes: ['admin'] } })), isOwnDeed: true },
  revokeApiKey: { needs: [need('read', 'own', 'API key')], variables: pick('apiKeyId') },
}

const THREADS: Record<string, Operation> = {
  // Unconfirmed, so that it goes no further than the question who calls.
  deleteAllThreads: own(({ organizationId }) => ({ organizationId, mode: 'PERMANENT' })),
  restoreThreads: { needs: [need('write', 'own', 'Batch')], variables: pick('batchId') },
  appendMessages: onThread('write', { messages: [{ role: 'USER', content: 'text' }] }),
  startAgentRun: onThread('write'),
  // Under a legal hold, so that nothing is deleted or edited.
  deleteThread: onThread('write'),
  deleteMessage: onThread('write', {}, 'Message'),
  editMessage: onThread('write', { content: 'another text' }, 'Message'),
  finishAgentRun: onThread('write', { status: 'COMPLETED' }, 'Agent run'),
  setLegalHold: {
    ...onThread('manage', { legalHold: true }),
    deletedIsSeenBy: 'all',
    // A deleted thread under a hold is held, and no longer to be restored by others here.
    renew: async (app, tenant, _, state) => (state === 'deleted' ? deletedThread(app, tenant) : {}),
  },
  restoreThread: {
    ...onThread('write'),
    deletedIsSeenBy: 'allowed',
    renew: async (app, tenant, _, state) => (state === 'deleted' ? deletedThread(app, tenant) : {}),
  },
}

const SPACES: Record<string, Operation> = {
  deleteSpace: {
    ...onSpace('manage'),
    renew: async (app, { creator, ids }, granted) => ({
      spaceId: await seedSpace(app, { id: ids.organizationId, owner: creator }, granted),
    }),
  },
  grantSpaceAccess: onSpace('manage', { userId: 'user_new', role: 'VIEWER' }),
  revokeSpaceAccess: onSpace('manage', { userId: 'user_new' }),
  // To who has all access anyway.
  grantSpaceAccessToRole: onSpace('manage', { organizationRole: 'OWNER', role: 'VIEWER' }),
  revokeSpaceAccessFromRole: onSpace('manage', { organizationRole: 'OWNER' }),
  reembedSpace: onSpace('manage', { model: OTHER_MODEL.model }),
  cancelReembedding: onSpace('manage', {}, 'Reembedding'),
  repairSpace: onSpace('manage'),
  addThreadToSpace: {
    needs: [
      need('read', 'thread', 'Thread'),
      need('read', 'space', 'Space'),
      need('edit', 'space', 'Space'),
      need('write', 'thread', 'Thread'),
    ],
    variables: pick('threadId', 'spaceId'),
  },
  removeThreadFromSpace: {
    needs: [need('edit', 'space', 'Space')],
    variables: pick('threadId', 'spaceId'),
    renew: async (app, { creator, ids }) => {
      await app.seed.link({ id: ids.spaceId, owner: creator }, { id: ids.threadId, owner: creator })
      return {}
    },
  },
  cancelBackfill: onSpace('edit', {}, 'Backfill'),
  retryBackfill: onSpace('edit', {}, 'Backfill'),
}

async function rejoin(_: TestApp, { organization }: Tenant, { client, is }: Caller): Promise<void> {
  const named = { organizationId: organization.id, userId: client.userId }
  if (isRefusal(is)) return
  // It may have left, or not.
  await organization.owner.run(REMOVE_MEMBER, named)
  await organization.owner.must('AddOrganizationMember', { ...named, role: is.role })
  if (!is.isPending) await client.must(ACCEPT_MEMBERSHIP, { organizationId: organization.id })
}

async function deletedThread(app: TestApp, { creator, ids }: Tenant): Promise<Partial<Ids>> {
  const organization = { id: ids.organizationId, owner: creator }
  const { id: threadId } = await app.seed.thread({ organization })
  await creator.must('DeleteThread', { threadId, mode: 'SOFT' })
  return { threadId }
}

export const TABLE = {
  query: QUERIES,
  mutation: { ...ORGANIZATIONS, ...MEMBERS, ...KEYS, ...THREADS, ...SPACES },
  subscription: SUBSCRIPTIONS,
}
