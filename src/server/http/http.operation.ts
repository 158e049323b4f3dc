import type { IncomingMessage, ServerResponse } from 'node:http'
import { malformed } from '../../platform/errors.js'
import type { RefusedKinds } from '../operations/operation.prepare.js'
import { type OperationRequest, readOperationRequest } from '../operations/operation.request.js'
import type { ReplyType } from './http.accept.js'
import { send } from './http.reply.js'

/** Maps operations and replies to HTTP. Source: GraphQL over HTTP. */

const MAX_URL_BYTES = 16 * 1024
// Cross-site requests with these headers need a CORS preflight, so no form, image or link of another site can send them.
const GUARDED_HEADERS = ['authorization', 'x-api-key', 'apollo-require-preflight', 'x-apollo-operation-name']
// Statuses that do not depend on Accept: the request was unreadable, or may succeed later.
const OWN_STATUSES = new Set([400, 405, 406, 413, 414, 415, 429])

/** What may not come by each method. */
export type MethodRules = Readonly<Record<'GET' | 'POST', RefusedKinds>>

const METHODS = 'GET, POST'

export const GRAPHQL_RULES: MethodRules = {
  GET: { mutation: refuseMutation, subscription: refuseSubscription },
  POST: { subscription: refuseSubscription },
}

export const STREAM_RULES: MethodRules = {
  GET: { mutation: refuseMutation },
  POST: {},
}

/** Answers OPTIONS and returns true. Throws VALIDATION_ERROR with status 405 for other methods. */
export function allowMethods({ method = '' }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'POST') return false
  if (method === 'OPTIONS') {
    send(response, 204, { allow: METHODS }, '')
    return true
  }
  response.setHeader('allow', METHODS)
  throw malformed('Send GraphQL with POST, or a query with GET.', { method }, 405)
}

function refuseMutation() {
  return malformed('Send mutations with POST.', { kind: 'mutation' }, 405)
}

function refuseSubscription() {
  return malformed(
    'Subscriptions are not served here. Use WebSocket at this URL (graphql-transport-ws), or /graphql/stream with Accept: text/event-stream.',
    { kind: 'subscription' },
  )
}

/** The operation in a query string. */
export function readUrlOperation(request: IncomingMessage): OperationRequest {
  const url = request.url ?? ''
  if (url.length > MAX_URL_BYTES) throw malformed('The URL is too long. Send the query with POST.', {}, 414)
  const given = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  return readOperationRequest({
    query: given.get('query'),
    documentId: given.get('documentId'),
    operationName: given.get('operationName') || null,
    variables: readJsonParameter(given, 'variables'),
    extensions: readJsonParameter(given, 'extensions'),
  })
}

/** CSRF protection: throws VALIDATION_ERROR with status 400 for what an HTML tag or form of another site could send. */
export function requireGuarded({ headers }: IncomingMessage): void {
  // The browser enforces CORS for a script's fetch: the script reads the reply only if its origin is allowed.
  if (headers['sec-fetch-mode'] === 'cors' || GUARDED_HEADERS.some((name) => headers[name] !== undefined))
    return
  throw malformed(`Send a credential or the header apollo-require-preflight with GET, or use POST.`)
}

/** HTTP status of an error. With `application/json`, a readable but rejected operation gets 200, as older clients need. */
export function httpStatusOf(status: number, type: ReplyType): number {
  return status >= 500 || type !== 'application/json' || OWN_STATUSES.has(status) ? status : 200
}

function readJsonParameter(given: URLSearchParams, name: string): unknown {
  const json = given.get(name)
  if (!json) return null
  try {
    return JSON.parse(json)
  } catch {
    throw malformed(`Invalid ${name}. It must be JSON.`)
  }
}
