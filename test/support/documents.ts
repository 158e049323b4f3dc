/** Documents of the tests' own, for the fields that the contract's documents leave out. */

export const IMPORT_THREADS = `mutation ImportThreads($organizationId: ID, $threads: [ImportThreadInput!]!) {
  importThreads(organizationId: $organizationId, threads: $threads) {
    results { threadId status importedMessageCount error { code message } }
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
