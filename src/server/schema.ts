import {
  type GraphQLArgument,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  GraphQLString,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql'
import type { Context } from '../features/access/context.js'
import type { SubscriptionCall, SubscriptionSources } from '../features/access/subscription.source.js'
import type { ServerContext } from './context.js'
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
  wrapMutations(schema)
  guardScopes(schema)
  return schema
}

/** As in `schema.graphql`: sorted by name, so that diffs show only real changes. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

/** Wraps every mutation, on all transports. */
function wrapMutations(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, Context>
    field.args = [...field.args, IDEMPOTENCY_KEY]
    field.resolve = async (source, { idempotencyKey, ...args }, context: ServerContext, info) => {
      const key = idempotencyKey ?? context.request.idempotencyKey
      // One header may apply to several mutations: the field's path tells them apart.
      const operation = idempotencyKey == null ? `${field.name}#${info.path.key}` : field.name
      const call = key === null ? null : { operation, key, arguments: args }
      const payload = await resolve(source, args, context.calling(call), info)
      // Its payload's fields must show the state after it, not what an earlier mutation of the operation has loaded.
      context.loaders.clear()
      return payload
    }
  }
}

const IDEMPOTENCY_KEY: GraphQLArgument = {
  name: 'idempotencyKey',
  description:
    '1 to 255 characters, kept for 24 hours. A repeated call with the same key and arguments has no further effect and returns the first reply; with other arguments it fails with CONFLICT. Objects that the reply links to, such as the organization of a thread, and what the caller may see, are current. Default: the Idempotency-Key header, for each mutation of the request.',
  type: GraphQLString,
  defaultValue: undefined,
  deprecationReason: undefined,
  extensions: {},
  astNode: undefined,
}
