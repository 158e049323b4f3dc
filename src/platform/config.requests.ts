import { z } from 'zod'
import { documentation, optionalText, whole } from './config.fields.js'

/** The environment's variables that bound what a request may be, cost and take. */

export type Audience = 'everyone' | 'signed-in' | 'nobody'

/** Whom something is shown; by default everyone in development, and who has a credential anywhere else. */
function audience(description: string) {
  return z
    .enum(['everyone', 'signed-in', 'nobody'])
    .nullable()
    .default(null)
    .register(documentation, {
      description: `${description} Left out: everyone while ENVIRONMENT is development, else signed-in.`,
      accepted: 'everyone, signed-in or nobody',
    })
}

export const requestVariables = z.object({
  TRUST_PROXY: whole(
    0,
    10,
    0,
    "Proxies in front of this process that append their client's address to X-Forwarded-For; 0 believes none. Limits of an address need it, and Strict-Transport-Security, which is sent when they say X-Forwarded-Proto: https.",
  ),
  MAX_OPERATION_POINTS: whole(
    10,
    1_000_000,
    5_000,
    'Points that one operation may cost: about one for each object that it may read.',
  ),
  POINTS_PER_MINUTE: whole(
    10,
    1_000_000_000,
    1_000_000,
    "Points that a user's operations may cost a minute, on all nodes together with REDIS_URL.",
  ),
  ANONYMOUS_POINTS_PER_MINUTE: whole(
    10,
    1_000_000_000,
    50_000,
    'Points that operations of one address without a credential may cost a minute; introspection of the whole schema costs about a thousand.',
  ),
  OPERATION_TIMEOUT_SECONDS: whole(
    1,
    600,
    15,
    'Seconds after which a query or a mutation is answered with SERVICE_UNAVAILABLE.',
  ),
  MAX_BODY_KIB: whole(16, 65_536, 4_096, "Kibibytes of a request's body, of a caller with a credential."),
  MAX_ANONYMOUS_BODY_KIB: whole(1, 65_536, 1_024, "Kibibytes of a request's body without a credential."),
  MAX_BODIES_MIB: whole(
    4,
    65_536,
    64,
    'Mebibytes of all bodies that are being received or worked on; one caller may take a quarter of them, and so may all without a credential. Beyond, SERVICE_UNAVAILABLE.',
  ),
  MAX_JSON_DEPTH: whole(10, 1_000, 128, 'Levels of nesting of the JSON in a body.'),
  OPERATION_TEXT_MIB: whole(
    1,
    1_024,
    16,
    'MiB of messages that one operation may read; one that asks for more is refused before they are read.',
  ),
  MAX_REPLY_KIB: whole(64, 1_048_576, 16_384, 'Kibibytes of the JSON of one reply.'),
  WRITE_TIMEOUT_SECONDS: whole(
    1,
    3_600,
    60,
    'Seconds in which a client must have read its reply over HTTP; then its connection is closed.',
  ),
  INTROSPECTION: audience('Who may ask for the schema (__schema and __type).'),
  SUGGESTIONS: audience('Whom an error suggests the names of the schema that a wrong one is like.'),
  TRUSTED_DOCUMENTS: optionalText(
    "File with the documents of one's own clients, as code generators write it (Apollo's manifest, or texts by their ids): only those run, sent by id or whole.",
  ),
  MAX_STREAMS: whole(
    1,
    100_000,
    100,
    'Streams over server-sent events that a user, or an address without a credential, may have open at once in a process.',
  ),
})

export interface RequestSettings {
  /** whose X-Forwarded-For is believed */
  trustedProxies: number
  maxOperationPoints: number
  pointsPerMinute: { user: number; address: number }
  operationTimeoutMs: number
  /** of messages that one operation may read */
  operationTextBytes: number
  bodyBytes: number
  /** without a credential */
  strangerBodyBytes: number
  /** of all bodies together */
  bodiesBytes: number
  /** levels of JSON */
  jsonDepth: number
  replyBytes: number
  writeTimeoutMs: number
  introspection: Audience
  suggestions: Audience
  /** path of a file; null: any document runs */
  trustedDocuments: string | null
  /** of one caller */
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
    writeTimeoutMs: values.WRITE_TIMEOUT_SECONDS * SECOND_MS,
    introspection: values.INTROSPECTION ?? shown,
    suggestions: values.SUGGESTIONS ?? shown,
    trustedDocuments: values.TRUSTED_DOCUMENTS,
    streams: values.MAX_STREAMS,
  }
}
