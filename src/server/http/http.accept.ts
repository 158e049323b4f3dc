import type { IncomingMessage } from 'node:http'
import Negotiator from 'negotiator'
import { malformed } from '../../platform/errors.js'

/** Negotiates the media type of a reply before execution. Source: GraphQL over HTTP. */

export type ReplyType = 'application/json' | 'application/graphql-response+json'

// For a client that accepts anything, the first one is used.
const REPLY_TYPES: readonly ReplyType[] = ['application/json', 'application/graphql-response+json']

/** Throws VALIDATION_ERROR with status 406 if the client accepts none of them. */
export function negotiateReplyType(request: IncomingMessage): ReplyType {
  const accepted = new Negotiator(request).mediaType([...REPLY_TYPES])
  if (accepted) return accepted as ReplyType
  throw notAcceptable(REPLY_TYPES)
}

/** Throws VALIDATION_ERROR with status 406 if the client does not accept events. */
export function requireEventStream(request: IncomingMessage): void {
  const types = ['text/event-stream']
  if (new Negotiator(request).mediaType(types) === undefined) throw notAcceptable(types)
}

function notAcceptable(types: readonly string[]) {
  return malformed(`Accept one of these media types: ${types.join(', ')}.`, { types }, 406)
}
