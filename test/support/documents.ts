/** Documents of the tests' own, for the fields that the contract's documents leave out. */

export const OPEN_PERSONAL_ORGANIZATION = `mutation OpenPersonalOrganization {
  openPersonalOrganization { organization { id name } }
}`

export const ACCEPT_MEMBERSHIP = `mutation AcceptMembership($organizationId: ID!) {
  acceptMembership(organizationId: $organizationId) { member { role status acceptedAt } }
}`

export const DECLINE_MEMBERSHIP = `mutation DeclineMembership($organizationId: ID!) {
  declineMembership(organizationId: $organizationId) { organizationId }
}`

export const LEAVE_ORGANIZATION = `mutation LeaveOrganization($organizationId: ID!) {
  leaveOrganization(organizationId: $organizationId) { organizationId }
}`

export const REMOVE_MEMBER = `mutation RemoveMember($organizationId: ID!, $userId: ID!) {
  removeOrganizationMember(organizationId: $organizationId, userId: $userId) { organizationId userId }
}`

export const UPDATE_MEMBER = `mutation UpdateMember($organizationId: ID!, $userId: ID!, $role: OrganizationRole!) {
  updateOrganizationMember(organizationId: $organizationId, userId: $userId, role: $role) {
    member { user { id } role status }
  }
}`

export const CREATE_API_KEY = `mutation CreateApiKey($input: CreateApiKeyInput!, $idempotencyKey: String) {
  createApiKey(input: $input, idempotencyKey: $idempotencyKey) {
    apiKey { id name prefix scopes createdAt expiresAt revokedAt lastUsedAt }
    secret
  }
}`

export const REVOKE_API_KEY = `mutation RevokeApiKey($apiKeyId: ID!) {
  revokeApiKey(apiKeyId: $apiKeyId) { apiKey { id revokedAt } }
}`

export const API_KEYS = `{ apiKeys { edges { node { id name prefix scopes revokedAt lastUsedAt } } } }`

export const IMPORT_THREADS = `mutation ImportThreads($organizationId: ID, $threads: [ImportThreadInput!]!) {
  importThreads(organizationId: $organizationId, threads: $threads) {
    results { threadId status importedMessageCount error { code message } }
  }
}`

export const EDIT_MESSAGE = `mutation EditMessage($messageId: ID!, $content: String!, $idempotencyKey: String) {
  editMessage(messageId: $messageId, content: $content, idempotencyKey: $idempotencyKey) {
    message { id content sequence role createdAt editedAt }
    thread { id messageCount lastMessage { id } }
  }
}`

export const DELETE_MESSAGE = `mutation DeleteMessage($messageId: ID!, $idempotencyKey: String) {
  deleteMessage(messageId: $messageId, idempotencyKey: $idempotencyKey) {
    deletedMessageId
    thread { id messageCount lastMessageAt lastMessage { id } }
  }
}`

export const FINISH_AGENT_RUN = `mutation FinishAgentRun($agentRunId: ID!, $status: AgentRunStatus!) {
  finishAgentRun(agentRunId: $agentRunId, status: $status) { agentRun { id status startedAt finishedAt } }
}`

export const GRANT_TO_ROLE = `mutation GrantToRole($spaceId: ID!, $organizationRole: OrganizationRole!, $role: SpaceRole!) {
  grantSpaceAccessToRole(spaceId: $spaceId, organizationRole: $organizationRole, role: $role) { space { id } }
}`

export const REVOKE_FROM_ROLE = `mutation RevokeFromRole($spaceId: ID!, $organizationRole: OrganizationRole!) {
  revokeSpaceAccessFromRole(spaceId: $spaceId, organizationRole: $organizationRole) { space { id } }
}`

export const PROJECTS = `query Projects($organizationId: ID!, $first: Int, $after: String) {
  projects(organizationId: $organizationId, first: $first, after: $after) {
    edges { node { id name threadCount } }
    pageInfo { hasNextPage endCursor }
  }
}`

export const SET_LEGAL_HOLD = `mutation ($threadId: ID!, $legalHold: Boolean!) {
  setLegalHold(threadId: $threadId, legalHold: $legalHold) { threadId legalHold }
}`

export const RETRY_EFFECT = `mutation ($effectId: ID!) {
  retryEffect(effectId: $effectId) { effect { id parkedAt } }
}`

const REEMBEDDING = `id status model dimensions total processed embedded skipped failed reused percent sequence
  lastError nextAttemptAt createdAt finishedAt`

export const REEMBED_SPACE = `mutation ReembedSpace($spaceId: ID!, $model: String!, $dimensions: Int) {
  reembedSpace(spaceId: $spaceId, model: $model, dimensions: $dimensions) {
    reembedding { ${REEMBEDDING} space { id embeddingModel } }
  }
}`

export const CANCEL_REEMBEDDING = `mutation CancelReembedding($reembeddingId: ID!) {
  cancelReembedding(reembeddingId: $reembeddingId) { reembedding { ${REEMBEDDING} } }
}`

export const REEMBEDDING_BY_ID = `query ReembeddingById($id: ID!) { reembedding(id: $id) { ${REEMBEDDING} } }`

export const SPACE_MEMORY = `query SpaceMemory($id: ID!) {
  space(id: $id) { threadCount vectorCount embeddingModel embeddingDimensions reembedding { ${REEMBEDDING} } }
}`

export const REEMBED_PROGRESS = `subscription ReembedProgress($reembeddingId: ID, $spaceId: ID) {
  reembedProgress(reembeddingId: $reembeddingId, spaceId: $spaceId) { ${REEMBEDDING} }
}`

export const EMBEDDING_MODELS = '{ embeddingModels { model dimensions isDefault } }'

const SPACE_HEALTH_FIELDS = `isHealthy vectors expectedVectors orphanVectors messages messagesWithoutVectors pendingMessages
  failures orphanRecords staleCounters staleLinks links linksBehind stuckLinks pausedLinks oldestWaitingSince lastError`

export const SPACE_HEALTH = `query SpaceHealth($spaceId: ID!) { spaceHealth(spaceId: $spaceId) { ${SPACE_HEALTH_FIELDS} } }`

export const REPAIR_SPACE = `mutation RepairSpace($spaceId: ID!) {
  repairSpace(spaceId: $spaceId) {
    removedVectors requeuedMessages removedRecords correctedCounters correctedLinks wokenLinks health { ${SPACE_HEALTH_FIELDS} }
  }
}`
