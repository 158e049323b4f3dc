// type-graphql reads the metadata API. Before any decorated class.
import 'reflect-metadata'

import type { GraphQLSchema } from 'graphql'
import type { Services } from './app.services.js'
import { ApiKeyResolver } from './features/access/credentials/api.key.resolver.js'
import { AdministrationResolver } from './features/administration/administration.resolver.js'
import { BackfillResolver } from './features/backfills/backfill.resolver.js'
import { DeletionResolver } from './features/deletion/deletion.resolver.js'
import {
  BackfillPlaceResolver,
  LinkResolver,
  SpaceThreadEdgeResolver,
  SpaceThreadsResolver,
  ThreadSpacesResolver,
} from './features/links/link.resolver.js'
import { SpaceHealthResolver } from './features/maintenance/space.health.resolver.js'
import { ImportResolver } from './features/messages/import.resolver.js'
import { MessageChangeResolver } from './features/messages/message.change.resolver.js'
import { MessageResolver, ThreadMessagesResolver } from './features/messages/message.resolver.js'
import {
  MembershipResolver,
  OrganizationMembersResolver,
  ViewerMembershipsResolver,
} from './features/organizations/membership.resolver.js'
import { OrganizationResolver, ViewerResolver } from './features/organizations/organization.resolver.js'
import { ProjectResolver } from './features/projects/project.resolver.js'
import { ReembeddingResolver, SpaceReembeddingResolver } from './features/reembedding/reembedding.resolver.js'
import { SearchResolver } from './features/search/search.resolver.js'
import { SpaceGrantResolver, SpaceResolver } from './features/spaces/space.resolver.js'
import { AgentRunResolver } from './features/threads/agent.run.resolver.js'
import { ThreadResolver } from './features/threads/thread.resolver.js'
import { createSchema, printSorted, type ResolverClass } from './server/schema.js'

/** Every resolver of the schema, and how to create it from the services. */

const RESOLVERS: readonly [ResolverClass, (services: Services) => object][] = [
  [ViewerResolver, (s) => new ViewerResolver(s.authenticator, s.organizations)],
  [ApiKeyResolver, (s) => new ApiKeyResolver(s.apiKeys)],
  [OrganizationResolver, (s) => new OrganizationResolver(s.organizations, s.usage)],
  [MembershipResolver, (s) => new MembershipResolver(s.memberships, s.organizations, s.authenticator)],
  [OrganizationMembersResolver, (s) => new OrganizationMembersResolver(s.memberships)],
  [ViewerMembershipsResolver, (s) => new ViewerMembershipsResolver(s.memberships)],
  [ProjectResolver, (s) => new ProjectResolver(s.projects, s.organizations)],
  [ThreadResolver, (s) => new ThreadResolver(s.threads, s.organizations, s.projects, s.authenticator)],
  [AgentRunResolver, (s) => new AgentRunResolver(s.runs)],
  [MessageResolver, (s) => new MessageResolver(s.messages, s.threads)],
  [MessageChangeResolver, (s) => new MessageChangeResolver(s.messageChanges)],
  [ThreadMessagesResolver, (s) => new ThreadMessagesResolver(s.messages)],
  [ImportResolver, (s) => new ImportResolver(s.imports)],
  [BackfillResolver, (s) => new BackfillResolver(s.backfills)],
  [BackfillPlaceResolver, (s) => new BackfillPlaceResolver(s.spaces, s.threads)],
  [SpaceResolver, (s) => new SpaceResolver(s.spaces, s.organizations, s.authenticator)],
  [SpaceHealthResolver, (s) => new SpaceHealthResolver(s.spaceHealth, s.spaceRepair)],
  [SpaceGrantResolver, (s) => new SpaceGrantResolver(s.authenticator)],
  [LinkResolver, (s) => new LinkResolver(s.links, s.control)],
  [SpaceThreadsResolver, (s) => new SpaceThreadsResolver(s.links)],
  [SpaceThreadEdgeResolver, (s) => new SpaceThreadEdgeResolver(s.authenticator, s.backfills)],
  [ThreadSpacesResolver, (s) => new ThreadSpacesResolver(s.spaces)],
  [ReembeddingResolver, (s) => new ReembeddingResolver(s.reembeddings, s.spaces, s.embedders)],
  [SpaceReembeddingResolver, (s) => new SpaceReembeddingResolver(s.reembeddings)],
  [SearchResolver, (s) => new SearchResolver(s.search, s.threadSearch)],
  [DeletionResolver, (s) => new DeletionResolver(s.deletion, s.bulkDeletion, s.restoration, s.legalHolds)],
  [AdministrationResolver, (s) => new AdministrationResolver(s.administration)],
]

export function createAppSchema(services: Services): GraphQLSchema {
  const resolvers = RESOLVERS.map(([type, make]) => [type, make(services)] as const)
  return createSchema(new Map(resolvers))
}

/** The schema as in `schema.graphql`. It depends only on classes: nothing is started. */
export function printAppSchema(): string {
  return printSorted(createSchema(new Map(RESOLVERS.map(([type]) => [type, {}]))))
}
