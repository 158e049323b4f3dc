import type { IncomingMessage, ServerResponse } from 'node:http'
import { malformed } from '../../platform/errors.js'
import type { RefusedKinds } from '../operations/operation.prepare.js'
import { type OperationRequest, readOperationRequest } from '../operations/operation.request.js'
import type { ReplyType } from './http.accept.js'
import { send } from './http.reply.js'

/** How HTTP carries an operation and its reply. Source: GraphQL over HTTP. */

const MAX_URL_BYTES = 16 * 1024
// Browsers send these to other sites only when those allow it, so no form, image or link of another site sends them.
const GUARDED_HEADERS = ['authorization', 'x-api-key', 'apollo-require-preflight', 'x-apollo-operation-name']
// What stands whatever the client accepts: the request could not be read, or the same may succeed later.
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

/** Answers OPTIONS itself, and then returns true. Throws VALIDATION_ERROR with status 405 for other methods. */
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
  return malformed('A mutation changes something: send it with POST.', { kind: 'mutation' }, 405)
}

function refuseSubscription() {
  return malformed(
    'A subscription is not answered here. Send it over WebSocket to this address (graphql-transport-ws), or with Accept: text/event-stream to /graphql/stream.',
    { kind: 'subscription' },
  )
}

/** The operation in a query string. */
export function readUrlOperation(request: IncomingMessage): OperationRequest {
  const url = request.url ?? ''
  if (url.length > MAX_URL_BYTES)
    throw malformed('The address is too long. Send the query with POST.', {}, 414)
  const given = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  return readOperationRequest({
    query: given.get('query'),
    documentId: given.get('documentId'),
    operationName: given.get('operationName') || null,
    variables: readJsonParameter(given, 'variables'),
    extensions: readJsonParameter(given, 'extensions'),
  })
}

/** Throws VALIDATION_ERROR with status 400 for what a tag or a form of any other site could have sent. */
export function requireGuarded({ headers }: IncomingMessage): void {
  // What a script fetches of another site, it can read only when that site lets it.
  if (headers['sec-fetch-mode'] === 'cors' || GUARDED_HEADERS.some((name) => headers[name] !== undefined))
    return
  throw malformed(`Send a credential or the header apollo-require-preflight with GET, or use POST.`)
}

/** HTTP's status for an error's: with `application/json`, what could be read but was refused has 200, as old clients need. */
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
