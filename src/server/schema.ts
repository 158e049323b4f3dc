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

/** The GraphQL schema of one app: resolver classes, the instances that answer for them, and the sources of events. */

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
      // type-graphql says that it wants the events at once; graphql-js, which gets them, waits for a promise too.
      subscribe: ((field: string, call: SubscriptionCall) => sources[field]?.(call)) as never,
    },
    validate: false,
    // Types that nothing refers to are no part of it, whatever else has been imported.
    orphanedTypes: [],
  })
  wrapMutations(schema)
  guardScopes(schema)
  return schema
}

/** As `schema.graphql` has it: in the order of names, so that a change shows as what it is. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

/** Every mutation starts here, over HTTP as over WebSocket. */
function wrapMutations(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, Context>
    field.args = [...field.args, IDEMPOTENCY_KEY]
    field.resolve = async (source, { idempotencyKey, ...args }, context: ServerContext, info) => {
      const key = idempotencyKey ?? context.request.idempotencyKey
      // One header may stand for several mutations: each is known by where its reply goes.
      const operation = idempotencyKey == null ? `${field.name}#${info.path.key}` : field.name
      const call = key === null ? null : { operation, key, arguments: args }
      const payload = await resolve(source, args, context.calling(call), info)
      // The fields of its payload show what it left, and not what an earlier mutation of the operation has loaded.
      context.loaders.clear()
      return payload
    }
  }
}

const IDEMPOTENCY_KEY: GraphQLArgument = {
  name: 'idempotencyKey',
  description:
    '1 to 255 characters, kept for 24 hours: the same key with the same arguments gives the first reply again and has one effect, with other arguments CONFLICT. What the reply links to, as the organization of a thread, and what the caller may do there, are as of now. Default: the Idempotency-Key header, for each mutation of the request.',
  type: GraphQLString,
  defaultValue: undefined,
  deprecationReason: undefined,
  extensions: {},
  astNode: undefined,
}
