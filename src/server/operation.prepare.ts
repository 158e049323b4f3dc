import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { limitSize, MAX_TOKENS } from './operation.limits.js'

export interface OperationRequest {
  query: string
  operationName?: string | null
}

/** The document of an operation that may run, or what is wrong with it. Apollo does the same for HTTP. */
export function prepareOperation(
  schema: GraphQLSchema,
  { query, operationName }: OperationRequest,
): DocumentNode | readonly GraphQLError[] {
  let document: DocumentNode
  try {
    document = parse(query, { maxTokens: MAX_TOKENS })
  } catch (error) {
    if (error instanceof GraphQLError) return [error]
    throw error
  }
  const errors = validate(schema, document, [...specifiedRules, limitSize])
  if (errors.length > 0) return errors
  if (getOperationAST(document, operationName)) return document
  return [new GraphQLError('Name the operation of this document that is to be run.')]
}
