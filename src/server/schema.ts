import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql'
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql'
import type { SubscriptionCall, SubscriptionSources } from '../features/access/subscription.source.js'
import { guardScopes } from './scope.guard.js'

/** Builds the GraphQL schema of one app: resolver classes, their instances, and the event sources of subscriptions. */

// biome-ignore lint/complexity/noBannedTypes: type-graphql knows resolvers by their classes, which it types so.
export type ResolverClass = Function

export function createSchema(
  resolvers: ReadonlyMap<ResolverClass, object>,
  sources: SubscriptionSources,
): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...resolvers.keys()] as unknown as NonEmptyArray<ResolverClass>,
    container: { get: (resolver) => resolvers.get(resolver) },
    pubSub: {
      publish: () => undefined,
      // type-graphql's type requires events synchronously; graphql-js, which receives them, also awaits a promise.
      subscribe: ((field: string, call: SubscriptionCall) => sources[field]?.(call)) as never,
    },
    validate: false,
    // Omits types that nothing refers to, even if their modules are imported.
    orphanedTypes: [],
  })
  guardScopes(schema)
  return schema
}

/** As in `schema.graphql`: sorted by name, so that diffs show only real changes. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}
