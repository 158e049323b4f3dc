import { randomBytes } from 'node:crypto'
import { mintId } from './ids.js'

/** Identifies a request in replies, logs, the audit trail and the outbox. */
export interface RequestInfo {
  /** `x-request-id`, or generated */
  readonly requestId: string
  /** the trace id of W3C `traceparent`, or generated: 32 hexadecimal digits */
  readonly traceId: string
  /** `x-correlation-id`; null if absent */
  readonly correlationId: string | null
  /** `apollographql-client-version` or `x-client-version` */
  readonly clientVersion: string | null
  /** `idempotency-key`; null if absent */
  readonly idempotencyKey: string | null
}

/** The ids of a request that are stored with the work it causes; null if no request caused it. */
export type RequestIds = { readonly [Key in 'requestId' | 'traceId' | 'correlationId']: string | null }

/** Read from a request's headers, or from the payload of `connection_init`. */
export const HEADER_NAMES = [
  'authorization',
  'x-api-key',
  'x-on-behalf-of',
  'x-request-id',
  'traceparent',
  'x-correlation-id',
  'apollographql-client-version',
  'x-client-version',
  'idempotency-key',
] as const

export type HeaderSource = (name: (typeof HEADER_NAMES)[number]) => string | undefined

const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}/
// Client-supplied ids are copied into logs and rows: accept only safe characters and limit the length.
const SAFE_TEXT = /^[\x20-\x7e]{1,200}$/

export function readRequestInfo(header: HeaderSource): RequestInfo {
  return {
    requestId: safe(header('x-request-id')) ?? mintId('req'),
    traceId: TRACEPARENT.exec(header('traceparent') ?? '')?.[1] ?? randomBytes(16).toString('hex'),
    correlationId: safe(header('x-correlation-id')),
    clientVersion: safe(header('apollographql-client-version')) ?? safe(header('x-client-version')),
    idempotencyKey: header('idempotency-key') ?? null,
  }
}

function safe(value: string | undefined): string | null {
  return value !== undefined && SAFE_TEXT.test(value) ? value : null
}

/** The ids alone, as rows that remember a request have them. */
export function idsOf({ requestId, traceId, correlationId }: RequestIds): RequestIds {
  return { requestId, traceId, correlationId }
}
