import type { GraphqlClient } from './graphql.client.js'

/** The operations of the importer; tests and the tour provide their own client. */
export type Client = Pick<GraphqlClient, 'run' | 'subscribe'>

export const ImportThreads = /* GraphQL */ `
  mutation ImportThreads($organizationId: ID!, $threads: [ImportThreadInput!]!) {
    importThreads(organizationId: $organizationId, threads: $threads) {
      results { threadId status importedMessageCount notRestored error { code message } }
    }
  }
`

export interface ImportThreadsData {
  importThreads: { results: ImportResult[] }
}

export interface ImportResult {
  threadId: string
  status: 'IMPORTED' | 'UNCHANGED' | 'FAILED'
  importedMessageCount: number
  notRestored: ('PROJECT' | 'OWNER')[]
  error: { code: string; message: string } | null
}

export const ViewerOrganizations = /* GraphQL */ `
  query ViewerOrganizations { viewer { id organizations(first: 100) { edges { node { id name } } } } }
`

export interface ViewerOrganizationsData {
  viewer: { id: string; organizations: { edges: { node: Named }[] } }
}

export interface Named {
  id: string
  name: string
}

export const OpenPersonalOrganization = /* GraphQL */ `
  mutation OpenPersonalOrganization { openPersonalOrganization { organization { id name } } }
`

export interface OpenPersonalOrganizationData {
  openPersonalOrganization: { organization: Named }
}

export const Spaces = /* GraphQL */ `
  query Spaces($organizationId: ID, $first: Int, $after: String) {
    spaces(organizationId: $organizationId, first: $first, after: $after) {
      edges { node { id name threadCount organization { id } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`

export interface FoundSpace extends Named {
  threadCount: number
}

export interface SpacesData {
  spaces: {
    edges: { node: FoundSpace & { organization: { id: string } } }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
}

export const CreateSpace = /* GraphQL */ `
  mutation CreateSpace($input: CreateSpaceInput!) { createSpace(input: $input) { space { id name } } }
`

export interface CreateSpaceData {
  createSpace: { space: Named }
}

export const AddThreadToSpace = /* GraphQL */ `
  mutation AddThreadToSpace($spaceId: ID!, $threadId: ID!) {
    addThreadToSpace(spaceId: $spaceId, threadId: $threadId) {
      backfill { id status total processed embedded skipped failed }
    }
  }
`

export interface AddThreadToSpaceData {
  addThreadToSpace: { backfill: BackfillState & { id: string } }
}

export interface BackfillState {
  status: BackfillStatus
  total: number
  processed: number
  embedded: number
  skipped: number
  failed: number
}

export type BackfillStatus = 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELED'

export function isTerminal(status: BackfillStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELED'
}

export const Backfill = /* GraphQL */ `
  query Backfill($id: ID!) { backfill(id: $id) { id status total processed embedded skipped failed } }
`

export interface BackfillData {
  backfill: (BackfillState & { id: string }) | null
}

export const SpaceBackfillProgress = /* GraphQL */ `
  subscription SpaceBackfillProgress($spaceId: ID!) {
    spaceBackfillProgress(spaceId: $spaceId) { backfillId status total processed embedded skipped failed }
  }
`

export interface SpaceBackfillProgressData {
  spaceBackfillProgress: BackfillState & { backfillId: string }
}
