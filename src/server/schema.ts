import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql'
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql'
import { guardScopes } from './scope.guard.js'

/** Builds the GraphQL schema of one app: resolver classes and their instances. */

// biome-ignore lint/complexity/noBannedTypes: type-graphql knows resolvers by their classes, which it types so.
export type ResolverClass = Function

export function createSchema(resolvers: ReadonlyMap<ResolverClass, object>): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...resolvers.keys()] as unknown as NonEmptyArray<ResolverClass>,
    container: { get: (resolver) => resolvers.get(resolver) },
    // Required by type-graphql, and unused: every subscription has its own `subscribe`.
    pubSub: { publish: unused, subscribe: unused },
    validate: false,
    // Omits types that nothing refers to, even if their modules are imported.
    orphanedTypes: [],
  })
  return guardScopes(schema)
}

/** As in `schema.graphql`: sorted by name, so that diffs show only real changes. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

function unused(): never {
  throw new Error('Subscriptions use no topics.')
}
