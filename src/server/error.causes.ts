import { GraphQLError } from 'graphql'
import { conflict, HeddleError, invalid } from '../platform/errors.js'

/** Says of anything thrown which error of the one table it is. What is not known here is nobody's business but ours. */

const MAX_MESSAGE = 500
const MAX_CAUSES = 6

// Prisma's, PostgreSQL's and the operating system's words for a database that cannot be reached or has no room now.
const OUTAGES = new Set([
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'],
  ...['08000', '08001', '08003', '08004', '08006', '53200', '53300', '53400', '55P03', '57014'],
  ...['57P01', '57P02', '57P03', '57P05', '40001', '40P01'],
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'],
])
// pg gives these no code.
const OUTAGE_MESSAGE =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/
// PostgreSQL's words for a NUL in a text or in JSON. Inputs are checked for it where they are read; this is for what is not.
const UNSTORABLE_TEXT = new Set(['22021', '22P05'])
const UNIQUE_VIOLATIONS = new Set(['P2002', '23505'])

export function toHeddleError(thrown: unknown): HeddleError {
  const cause = originOf(thrown)
  if (cause instanceof HeddleError) return cause
  if (cause instanceof GraphQLError && isCallersFault(cause))
    return invalid(cause.message.slice(0, MAX_MESSAGE))
  const facts = factsOf(cause)
  if (facts.some(({ code }) => UNIQUE_VIOLATIONS.has(code))) {
    return conflict('Something with this id or name exists already.', 'Unique key exists')
  }
  if (facts.some(({ code }) => UNSTORABLE_TEXT.has(code))) {
    return invalid('Invalid text. It has NUL, which cannot be stored.')
  }
  if (facts.some(({ code, message }) => OUTAGES.has(code) || OUTAGE_MESSAGE.test(message))) {
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

/** Codes and messages of an error and of what caused it: Prisma, its adapter and pg each keep theirs elsewhere. */
function factsOf(error: unknown): { code: string; message: string }[] {
  const facts: { code: string; message: string }[] = []
  const waiting: unknown[] = [error]
  while (waiting.length > 0 && facts.length < MAX_CAUSES) {
    const next = waiting.shift()
    if (typeof next !== 'object' || next === null) continue
    const { code, originalCode, message, cause, meta, errors } = next as Record<string, unknown>
    facts.push({
      code: typeof code === 'string' ? code : String(originalCode ?? ''),
      message: typeof message === 'string' ? message : '',
    })
    waiting.push(cause, (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError)
    if (Array.isArray(errors)) waiting.push(...errors)
  }
  return facts
}
