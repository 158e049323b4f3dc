/** The part of Heddle's schema that the commands use, for the stand-in server of their tests. */
export const SCHEMA = /* GraphQL */ `
  scalar DateTime
  scalar JSONObject
  enum MessageRole { SYSTEM USER ASSISTANT TOOL }
  enum SearchMode { SEMANTIC KEYWORD HYBRID }
  enum ImportStatus { IMPORTED UNCHANGED FAILED }
  enum BackfillStatus { QUEUED RUNNING COMPLETED FAILED CANCELED }
  enum DeletionMode { SOFT PERMANENT }

  type Organization { id: ID! name: String! }
  type OrganizationEdge { node: Organization! }
  type OrganizationConnection { edges: [OrganizationEdge!]! }
  type Viewer { id: ID! organizations(first: Int): OrganizationConnection! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Thread { id: ID! title: String }
  type Space { id: ID! name: String! organization: Organization! threadCount: Int! vectorCount: Int! }
  type SpaceEdge { node: Space! }
  type SpaceConnection { edges: [SpaceEdge!]! pageInfo: PageInfo! }
  type Backfill {
    id: ID! status: BackfillStatus! total: Int! processed: Int! embedded: Int! skipped: Int! failed: Int!
  }
  type BackfillProgress {
    sequence: Int! backfillId: ID! threadId: ID! status: BackfillStatus! total: Int! processed: Int!
    embedded: Int! skipped: Int! failed: Int! messagesPerSecond: Float lastError: String
  }
  type Message { id: ID! content: String! thread: Thread! }
  type SearchEdge { score: Float! node: Message! }
  type SearchConnection { edges: [SearchEdge!]! }
  type Preview { vectorCount: Int! }

  type Query {
    viewer: Viewer!
    spaces(organizationId: ID, first: Int, after: String): SpaceConnection!
    backfill(id: ID!): Backfill
    searchSpace(spaceId: ID!, query: String!, first: Int, mode: SearchMode): SearchConnection!
    threadDeletionPreview(threadId: ID!): Preview!
  }

  input ImportMessageInput { id: ID! role: MessageRole! content: String! createdAt: DateTime }
  input ImportThreadInput {
    id: ID! title: String createdAt: DateTime metadata: JSONObject
    projectId: ID ownerId: ID messages: [ImportMessageInput!]!
  }
  input CreateSpaceInput { organizationId: ID! name: String! description: String id: ID }
  type ImportError { code: String! message: String! }
  enum ImportReference { PROJECT OWNER }
  type ImportResult {
    threadId: ID! status: ImportStatus! importedMessageCount: Int! notRestored: [ImportReference!]!
    error: ImportError
  }
  type ImportThreadsPayload { results: [ImportResult!]! }
  type OpenPersonalOrganizationPayload { organization: Organization! }
  type CreateSpacePayload { space: Space! }
  type AddThreadToSpacePayload { backfill: Backfill! }
  type RemoveThreadFromSpacePayload { message: String! removedVectorCount: Int! space: Space! }
  type Receipt {
    status: String! message: String! threadTitle: String deletedMessageCount: Int! deletedVectorCount: Int!
    auditLogId: ID! operationDurationMs: Int!
  }

  type Mutation {
    openPersonalOrganization: OpenPersonalOrganizationPayload
    importThreads(organizationId: ID!, threads: [ImportThreadInput!]!): ImportThreadsPayload
    createSpace(input: CreateSpaceInput!): CreateSpacePayload
    addThreadToSpace(spaceId: ID!, threadId: ID!): AddThreadToSpacePayload
    removeThreadFromSpace(spaceId: ID!, threadId: ID!): RemoveThreadFromSpacePayload
    deleteThread(threadId: ID!, mode: DeletionMode): Receipt
  }

  type Subscription {
    backfillProgress(backfillId: ID!): BackfillProgress!
    spaceBackfillProgress(spaceId: ID!): BackfillProgress!
  }
`
