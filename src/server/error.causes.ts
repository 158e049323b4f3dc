import { GraphQLError } from 'graphql'
import { isUnavailable, isUniqueViolation, isUnstorableText } from '../platform/database/database.errors.js'
import { conflict, HeddleError, invalid, malformed } from '../platform/errors.js'

/** Maps anything thrown to an error of the table of codes. Unknown errors are masked. */

const MAX_MESSAGE = 500

export function toHeddleError(thrown: unknown): HeddleError {
  const cause = originOf(thrown)
  if (cause instanceof HeddleError) return cause
  if (cause instanceof GraphQLError && isCallersFault(cause)) {
    const message = cause.message.slice(0, MAX_MESSAGE)
    return cause.path === undefined ? malformed(message) : invalid(message)
  }
  if (isUniqueViolation(cause)) {
    return conflict('This id or name already exists.', 'Unique key exists')
  }
  if (isUnstorableText(cause)) return invalid('Invalid text. It contains NUL, which cannot be stored.')
  if (isUnavailable(cause)) {
    return new HeddleError(
      'SERVICE_UNAVAILABLE',
      'The service is temporarily unavailable. Try again in a moment.',
      {
        systemMessage: 'Database unavailable',
        cause,
      },
    )
  }
  return new HeddleError(
    'INTERNAL_SERVER_ERROR',
    'An unexpected error occurred. Quote the trace id when you report it.',
    {
      systemMessage: 'Unexpected error',
      cause,
    },
  )
}

/** GraphQL wraps what a resolver throws; among GraphQL's own errors the outermost one says most. */
function originOf(thrown: unknown): unknown {
  let origin = thrown
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError
  return origin instanceof GraphQLError ? thrown : origin
}

/**
 * Before execution, GraphQL's own errors are the client's. During execution they are about an argument of the client, or
 * about a value of ours that does not fit the schema.
 */
function isCallersFault({ path, message }: GraphQLError): boolean {
  return path === undefined || message.startsWith('Argument "')
}
