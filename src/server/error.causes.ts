import { GraphQLError } from 'graphql'
import { isUnavailable, isUniqueViolation, isUnstorableText } from '../platform/database.errors.js'
import { conflict, HeddleError, invalid, malformed } from '../platform/errors.js'

/** Says of anything thrown which error of the one table it is. What is not known here is nobody's business but ours. */

const MAX_MESSAGE = 500

export function toHeddleError(thrown: unknown): HeddleError {
  const cause = originOf(thrown)
  if (cause instanceof HeddleError) return cause
  if (cause instanceof GraphQLError && isCallersFault(cause)) {
    const message = cause.message.slice(0, MAX_MESSAGE)
    return cause.path === undefined ? malformed(message) : invalid(message)
  }
  if (isUniqueViolation(cause)) {
    return conflict('Something with this id or name exists already.', 'Unique key exists')
  }
  if (isUnstorableText(cause)) return invalid('Invalid text. It has NUL, which cannot be stored.')
  if (isUnavailable(cause)) {
    return new HeddleError('SERVICE_UNAVAILABLE', 'Heddle cannot answer now. Try again in a moment.', {
      systemMessage: 'Database unavailable',
      cause,
    })
  }
  return new HeddleError('INTERNAL_SERVER_ERROR', 'Something went wrong here. Quote the trace id.', {
    systemMessage: 'Unexpected error',
    cause,
  })
}

/** GraphQL wraps what a resolver throws. Its own errors say most in their outermost form. */
function originOf(thrown: unknown): unknown {
  let origin = thrown
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError
  return origin instanceof GraphQLError ? thrown : origin
}

/**
 * Before a field is resolved, GraphQL's own errors are about the request. While it is, they are about an argument or
 * about a value of ours that does not fit the schema.
 */
function isCallersFault({ path, message }: GraphQLError): boolean {
  return path === undefined || message.startsWith('Argument "')
}
