import { z } from 'zod'
import { documentation, optionalText, whole } from './config.fields.js'

/** Environment variables that limit the size, cost and duration of requests. */

export type Audience = 'everyone' | 'signed-in' | 'nobody'

/** Who is shown something: by default everyone in development, and only callers with a credential elsewhere. */
function audience(description: string) {
  return z
    .enum(['everyone', 'signed-in', 'nobody'])
    .nullable()
    .default(null)
    .register(documentation, {
      description: `${description} Not set: everyone if ENVIRONMENT is development, otherwise signed-in.`,
      accepted: 'everyone, signed-in or nobody',
    })
}

export const requestVariables = z.object({
  TRUST_PROXY: whole(
    0,
    10,
    0,
    "Number of trusted proxies in front of this process that append their client's address to X-Forwarded-For; 0 trusts none. Limits per address need it, and so does Strict-Transport-Security, which is sent if X-Forwarded-Proto is https.",
  ),
  MAX_OPERATION_POINTS: whole(
    10,
    1_000_000,
    5_000,
    'Maximum cost of one operation in points: about one per object that it may read.',
  ),
  POINTS_PER_MINUTE: whole(
    10,
    1_000_000_000,
    1_000_000,
    "Maximum cost of a user's operations per minute in points; counted across all nodes if REDIS_URL is set.",
  ),
  ANONYMOUS_POINTS_PER_MINUTE: whole(
    10,
    1_000_000_000,
    50_000,
    'Maximum cost per minute in points of the operations that one address sends without a credential; introspection of the whole schema costs about 1,000.',
  ),
  OPERATION_TIMEOUT_SECONDS: whole(
    1,
    600,
    15,
    'Seconds after which a query or mutation fails with SERVICE_UNAVAILABLE.',
  ),
  MAX_BODY_KIB: whole(16, 65_536, 4_096, 'Maximum size of a request body with a credential, in KiB.'),
  MAX_ANONYMOUS_BODY_KIB: whole(
    1,
    65_536,
    1_024,
    'Maximum size of a request body without a credential, in KiB.',
  ),
  MAX_BODIES_MIB: whole(
    4,
    65_536,
    64,
    'Maximum size of all request bodies being received or processed, in MiB. One caller may use a quarter, and so may all callers without a credential together. Beyond that, requests fail with SERVICE_UNAVAILABLE.',
  ),
  MAX_JSON_DEPTH: whole(10, 1_000, 128, 'Maximum nesting depth of the JSON in a request body.'),
  OPERATION_TEXT_MIB: whole(
    1,
    1_024,
    16,
    'Maximum size of the message texts that one operation may read, in MiB; checked before they are read.',
  ),
  MAX_REPLY_KIB: whole(64, 1_048_576, 16_384, 'Maximum size of the JSON of one response, in KiB.'),
  HEADERS_TIMEOUT_SECONDS: whole(
    1,
    3_600,
    15,
    'Seconds within which a client must send the headers of an HTTP request; after that, its connection is closed.',
  ),
  REQUEST_TIMEOUT_SECONDS: whole(
    1,
    3_600,
    120,
    'Seconds within which a client must send a whole HTTP request; after that, its connection is closed. At least HEADERS_TIMEOUT_SECONDS.',
  ),
  WRITE_TIMEOUT_SECONDS: whole(
    1,
    3_600,
    60,
    'Seconds within which a client must read its HTTP response; after that, its connection is closed.',
  ),
  INTROSPECTION: audience('Who may introspect the schema (__schema and __type).'),
  SUGGESTIONS: audience('Who gets suggestions of similar schema names in validation errors.'),
  TRUSTED_DOCUMENTS: optionalText(
    "Path of a file with the documents of trusted clients, as code generators write it (Apollo's manifest, or documents by id): only these run, sent by id or in full. Not set: any document runs.",
  ),
  MAX_STREAMS: whole(
    1,
    100_000,
    100,
    'Server-sent event streams that a user, or an address without a credential, may have open in one process.',
  ),
})

export interface RequestSettings {
  /** number of proxies whose X-Forwarded-For is trusted */
  trustedProxies: number
  maxOperationPoints: number
  pointsPerMinute: { user: number; address: number }
  operationTimeoutMs: number
  /** message text that one operation may read */
  operationTextBytes: number
  bodyBytes: number
  /** without a credential */
  strangerBodyBytes: number
  /** all request bodies together */
  bodiesBytes: number
  /** nesting depth of JSON */
  jsonDepth: number
  replyBytes: number
  headersTimeoutMs: number
  /** headers and body; at least `headersTimeoutMs` */
  requestTimeoutMs: number
  writeTimeoutMs: number
  introspection: Audience
  suggestions: Audience
  /** path of a file; null: any document runs */
  trustedDocuments: string | null
  /** per caller */
  streams: number
}

const SECOND_MS = 1_000
const KIBIBYTE = 1_024

export function readRequestSettings(
  values: z.infer<typeof requestVariables>,
  environment: string,
): RequestSettings {
  const shown: Audience = environment === 'development' ? 'everyone' : 'signed-in'
  return {
    trustedProxies: values.TRUST_PROXY,
    maxOperationPoints: values.MAX_OPERATION_POINTS,
    pointsPerMinute: { user: values.POINTS_PER_MINUTE, address: values.ANONYMOUS_POINTS_PER_MINUTE },
    operationTimeoutMs: values.OPERATION_TIMEOUT_SECONDS * SECOND_MS,
    operationTextBytes: values.OPERATION_TEXT_MIB * KIBIBYTE * KIBIBYTE,
    bodyBytes: values.MAX_BODY_KIB * KIBIBYTE,
    strangerBodyBytes: values.MAX_ANONYMOUS_BODY_KIB * KIBIBYTE,
    bodiesBytes: values.MAX_BODIES_MIB * KIBIBYTE * KIBIBYTE,
    jsonDepth: values.MAX_JSON_DEPTH,
    replyBytes: values.MAX_REPLY_KIB * KIBIBYTE,
    headersTimeoutMs: values.HEADERS_TIMEOUT_SECONDS * SECOND_MS,
    requestTimeoutMs: Math.max(values.REQUEST_TIMEOUT_SECONDS, values.HEADERS_TIMEOUT_SECONDS) * SECOND_MS,
    writeTimeoutMs: values.WRITE_TIMEOUT_SECONDS * SECOND_MS,
    introspection: values.INTROSPECTION ?? shown,
    suggestions: values.SUGGESTIONS ?? shown,
    trustedDocuments: values.TRUSTED_DOCUMENTS,
    streams: values.MAX_STREAMS,
  }
}
