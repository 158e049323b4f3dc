import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql'
import { SCOPE_TABLE } from '../features/access/scope.table.js'
import { requireScopes } from '../features/access/scopes.js'
import type { ServerContext } from './context.js'

/** Makes every field in the table check its scopes first, on all transports. */
export function guardScopes(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const lines = new Map(Object.entries(SCOPE_TABLE))
  for (const type of Object.values(schema.getTypeMap())) {
    if (!('getFields' in type)) continue
    const isRoot = roots.some((root) => root === type)
    for (const field of Object.values(type.getFields()) as GraphQLField<unknown, ServerContext>[]) {
      const path = `${type.name}.${field.name}`
      if (isRoot || lines.has(path)) guard(field, path)
    }
  }
}

function guard(field: GraphQLField<unknown, ServerContext>, path: string): void {
  const { subscribe, resolve = defaultFieldResolver } = field
  if (subscribe) field.subscribe = asking(path, subscribe)
  else field.resolve = asking(path, resolve)
}

function asking(
  path: string,
  next: GraphQLFieldResolver<unknown, ServerContext>,
): GraphQLFieldResolver<unknown, ServerContext> {
  return (source, args, context, info) => {
    if (context.signedIn) requireScopes(context.signedIn, path)
    return next(source, args, context, info)
  }
}
