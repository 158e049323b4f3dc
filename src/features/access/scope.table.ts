/** What an API key may be used for. A key without scopes comes from the configuration, and may do everything except act for others. */
export const SCOPES = [
  'threads:read',
  'threads:write',
  'spaces:read',
  'spaces:write',
  'admin',
  'act-on-behalf',
] as const

export type Scope = (typeof SCOPES)[number]

/** Scopes that a key must all have; empty: any key is accepted. */
type Line = readonly Scope[]

const ANY: Line = []
const READ_THREADS: Line = ['threads:read']
const WRITE_THREADS: Line = ['threads:write']
const READ_SPACES: Line = ['spaces:read']
const WRITE_SPACES: Line = ['spaces:write']
const ADMIN: Line = ['admin']

/**
 * The scopes that each field requires: every root field, and fields that lead from one scope's data to another's. A root
 * field that is not listed requires `admin`.
 */
export const SCOPE_TABLE: Readonly<Record<string, Line>> = {
  'Query.apiKeys': ADMIN,
  'Query.auditEvents': ADMIN,
  'Query.backfill': READ_SPACES,
  'Query.backfillFailures': READ_SPACES,
  'Query.embeddingModels': ANY,
  'Query.parkedEffects': ADMIN,
  'Query.project': READ_THREADS,
  'Query.projects': READ_THREADS,
  'Query.reembedding': READ_SPACES,
  'Query.searchSpace': READ_SPACES,
  'Query.searchThreads': READ_THREADS,
  'Query.space': READ_SPACES,
  'Query.spaceHealth': READ_SPACES,
  'Query.spaces': READ_SPACES,
  'Query.thread': READ_THREADS,
  'Query.threadDeletionPreview': READ_THREADS,
  'Query.threads': READ_THREADS,
  'Query.threadsDeletionPreview': READ_THREADS,
  'Query.viewer': ANY,

  'Mutation.acceptMembership': ADMIN,
  'Mutation.addOrganizationMember': ADMIN,
  // Messages in a space can be searched, so adding a thread also requires the scope to read it.
  'Mutation.addThreadToSpace': ['spaces:write', 'threads:read'],
  'Mutation.appendMessages': WRITE_THREADS,
  'Mutation.cancelBackfill': WRITE_SPACES,
  'Mutation.cancelReembedding': WRITE_SPACES,
  'Mutation.createApiKey': ADMIN,
  'Mutation.createOrganization': ADMIN,
  'Mutation.createProject': WRITE_THREADS,
  'Mutation.createSpace': WRITE_SPACES,
  'Mutation.createThread': WRITE_THREADS,
  'Mutation.declineMembership': ADMIN,
  'Mutation.deleteAllThreads': WRITE_THREADS,
  'Mutation.deleteMessage': WRITE_THREADS,
  'Mutation.deleteSpace': WRITE_SPACES,
  'Mutation.deleteThread': WRITE_THREADS,
  'Mutation.editMessage': WRITE_THREADS,
  'Mutation.finishAgentRun': WRITE_THREADS,
  'Mutation.grantSpaceAccess': WRITE_SPACES,
  'Mutation.grantSpaceAccessToRole': WRITE_SPACES,
  'Mutation.importThreads': WRITE_THREADS,
  'Mutation.leaveOrganization': ADMIN,
  'Mutation.openPersonalOrganization': WRITE_THREADS,
  'Mutation.reembedSpace': WRITE_SPACES,
  'Mutation.removeOrganizationMember': ADMIN,
  'Mutation.removeThreadFromSpace': WRITE_SPACES,
  'Mutation.repairSpace': WRITE_SPACES,
  'Mutation.restoreThread': WRITE_THREADS,
  'Mutation.restoreThreads': WRITE_THREADS,
  'Mutation.retryBackfill': WRITE_SPACES,
  'Mutation.retryEffect': ADMIN,
  'Mutation.revokeApiKey': ADMIN,
  'Mutation.revokeSpaceAccess': WRITE_SPACES,
  'Mutation.revokeSpaceAccessFromRole': WRITE_SPACES,
  'Mutation.setLegalHold': WRITE_THREADS,
  'Mutation.startAgentRun': WRITE_THREADS,
  'Mutation.updateOrganizationMember': ADMIN,

  'Subscription.backfillProgress': READ_SPACES,
  'Subscription.deletionProgress': READ_THREADS,
  'Subscription.reembedProgress': READ_SPACES,
  'Subscription.spaceBackfillProgress': READ_SPACES,

  'Organization.members': ADMIN,
  'Thread.agentRuns': READ_THREADS,
  'Thread.lastMessage': READ_THREADS,
  'Thread.messages': READ_THREADS,
  'Thread.metadata': READ_THREADS,
  'Thread.spaces': READ_SPACES,
  'ViewerProfile.memberships': ADMIN,
}
