import { MapperKind, mapSchema } from '@graphql-tools/utils'
import {
  defaultFieldResolver,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql'
import { SCOPE_TABLE } from '../features/access/scope.table.js'
import { requireScopes } from '../features/access/scopes.js'
import type { ServerContext } from './context.js'

type Field = GraphQLFieldConfig<unknown, ServerContext>
type Resolve = GraphQLFieldResolver<unknown, ServerContext>

/**
 * The same schema, in which every root field, and every other field in the table, checks its scopes first, on all
 * transports. A root field that nobody thought of is guarded too, and other fields cost nothing.
 */
export function guardScopes(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.ROOT_FIELD]: (field, name, type) => guarded(field, `${type}.${name}`),
    [MapperKind.OBJECT_FIELD]: (field, name, type) => {
      const path = `${type}.${name}`
      return Object.hasOwn(SCOPE_TABLE, path) ? guarded(field, path) : field
    },
  })
}

function guarded({ subscribe, resolve = defaultFieldResolver, ...field }: Field, path: string): Field {
  const check =
    (next: Resolve): Resolve =>
    (source, args, context, info) => {
      if (context.signedIn) requireScopes(context.signedIn, path)
      return next(source, args, context, info)
    }
  return subscribe
    ? { ...field, subscribe: check(subscribe), resolve }
    : { ...field, resolve: check(resolve) }
}
