import type { TestClient } from '../support/client.js'
import type { Random } from '../support/crash.random.js'
import { broken, type FuzzOperation } from './fuzz.documents.js'
import { anyValue, pick } from './fuzz.values.js'

/** HTTP requests that carry operations: whole, misshapen, and of broken JSON, types and headers. */

export interface FuzzRequest {
  path: string
  init: RequestInit
}

const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  '',
]
const ACCEPTS = [
  'application/json',
  'application/graphql-response+json',
  '*/*',
  'text/event-stream',
  'text/html;q=0.1',
  'nonsense',
  'application/json;q=0',
  'multipart/mixed;deferSpec=20220824, application/json',
  '',
]
const HEADERS: readonly Record<string, string>[] = [
  {},
  {},
  {},
  {},
  { authorization: 'Bearer a.b.c' },
  { authorization: 'Basic x' },
  { 'x-api-key': 'x'.repeat(9_000) },
  { 'content-encoding': 'gzip' },
  { 'idempotency-key': 'k 1' },
  { 'idempotency-key': 'k1' },
  { 'x-request-id': '\u00ff' },
  { traceparent: '00-zz' },
  { 'x-forwarded-for': '::1, a' },
  { 'apollo-require-preflight': '1' },
]
const METHODS = [
  'POST',
  'POST',
  'POST',
  'POST',
  'POST',
  'POST',
  'GET',
  'GET',
  'PUT',
  'DELETE',
  'OPTIONS',
  'HEAD',
]

export function requestOf(
  operation: FuzzOperation,
  callers: readonly TestClient[],
  random: Random,
): FuzzRequest {
  const method = random(3) === 0 ? pick(METHODS, random) : 'POST'
  const isPlain = random(4) > 0
  const headers = {
    'content-type': isPlain ? 'application/json' : pick(CONTENT_TYPES, random),
    accept: isPlain ? 'application/graphql-response+json' : pick(ACCEPTS, random),
    ...pick(callers, random).headers,
    ...(random(6) === 0 && pick(HEADERS, random)),
  }
  const path = random(20) === 0 ? '/stream' : ''
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? bodyOf(operation, random) : null
  return {
    path: hasBody ? path : `${path}?${searchOf(operation, random)}`,
    // A watch would last for as long as nobody ends it.
    init: { method, headers, body, signal: AbortSignal.timeout(path === '' ? 120_000 : 300) },
  }
}

function bodyOf(operation: FuzzOperation, random: Random): string | Buffer {
  const json = JSON.stringify(operation)
  const kinds = [
    () => broken(json, random),
    () => JSON.stringify(anyValue(random)) ?? '',
    () =>
      JSON.stringify({
        ...operation,
        [pick(['query', 'variables', 'extensions', 'operationName'], random)]: anyValue(random),
      }),
    () => JSON.stringify(Array.from({ length: random(5) }, () => operation)),
    () => pick(['[', '{"a":', '"', '['.repeat(random(5_000))], random),
    () => Buffer.from([...Array(random(200))].map(() => random(256))),
    () => '',
  ]
  return random(3) > 0 ? json : pick<() => string | Buffer>(kinds, random)()
}

function searchOf({ query, variables }: FuzzOperation, random: Random): string {
  const search = new URLSearchParams({ query: query.slice(0, 10_000) })
  search.set('variables', random(3) === 0 ? broken(JSON.stringify(variables), random).slice(0, 2_000) : '{}')
  if (random(5) === 0)
    search.set('extensions', pick(['{', '[]', 'null', '{"persistedQuery":{"sha256Hash":1}}'], random))
  return search.toString()
}
