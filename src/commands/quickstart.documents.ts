/** Operations of the tour, in addition to those of the importer. */

export const BackfillProgress = /* GraphQL */ `
  subscription BackfillProgress($backfillId: ID!) {
    backfillProgress(backfillId: $backfillId) {
      status total processed embedded skipped failed messagesPerSecond lastError
    }
  }
`

export interface BackfillProgressData {
  backfillProgress: {
    status: string
    total: number
    processed: number
    embedded: number
    skipped: number
    failed: number
    messagesPerSecond: number | null
    lastError: string | null
  }
}

export const SearchSpace = /* GraphQL */ `
  query SearchSpace($spaceId: ID!, $query: String!, $first: Int) {
    searchSpace(spaceId: $spaceId, query: $query, first: $first, mode: SEMANTIC) {
      edges { score node { id content thread { id title } } }
    }
  }
`

export interface SearchSpaceData {
  searchSpace: { edges: { score: number; node: { content: string; thread: { title: string | null } } }[] }
}

export const RemoveThreadFromSpace = /* GraphQL */ `
  mutation RemoveThreadFromSpace($spaceId: ID!, $threadId: ID!) {
    removeThreadFromSpace(spaceId: $spaceId, threadId: $threadId) {
      message removedVectorCount space { id threadCount vectorCount }
    }
  }
`

export interface RemoveThreadFromSpaceData {
  removeThreadFromSpace: {
    message: string
    removedVectorCount: number
    space: { threadCount: number; vectorCount: number }
  }
}

export const ThreadVectors = /* GraphQL */ `
  query ThreadVectors($threadId: ID!) { threadDeletionPreview(threadId: $threadId) { vectorCount } }
`

export interface ThreadVectorsData {
  threadDeletionPreview: { vectorCount: number }
}

export const DeleteThread = /* GraphQL */ `
  mutation DeleteThread($threadId: ID!) {
    deleteThread(threadId: $threadId) {
      status message threadTitle deletedMessageCount deletedVectorCount auditLogId operationDurationMs
    }
  }
`

export interface DeleteThreadData {
  deleteThread: {
    status: string
    message: string
    threadTitle: string | null
    deletedMessageCount: number
    deletedVectorCount: number
    auditLogId: string
    operationDurationMs: number
  }
}
