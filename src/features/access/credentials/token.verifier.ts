import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose'
import { HeddleError, unauthenticated } from '../../../platform/errors.js'
import { findUnstorable } from '../../../platform/text.js'
import { openKeySet } from './key.set.js'

export interface TokenOptions {
  /** HS256 secret; null: not accepted */
  secret: string | null
  /** URL of the public keys; null: not accepted */
  jwksUrl: string | null
  issuer: string | null
  audience: string | null
}

export interface TokenClaims {
  subject: string
  email: string | null
  name: string | null
  sessionId: string | null
  expiresAt: Date
}

// Pinned, so that a token cannot choose its algorithm: never `none`, and never HS256 with a public key as its secret.
const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
const CLOCK_TOLERANCE_SECONDS = 30
const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/
// Source: RFC 7519, section 5.1, and RFC 9068. Tokens for other purposes, such as logout tokens, have other types.
const TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']

/** Checks JSON Web Tokens with the configured secret or key set. Source: RFC 7519, RFC 8725. */
export class TokenVerifier {
  readonly #secret: Uint8Array | null
  readonly #keys: JWTVerifyGetKey | null
  readonly #options: JWTVerifyOptions

  constructor({ secret, jwksUrl, issuer, audience }: TokenOptions) {
    this.#secret = secret === null ? null : new TextEncoder().encode(secret)
    this.#keys = jwksUrl === null ? null : openKeySet(jwksUrl)
    this.#options = {
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp'],
      ...(issuer !== null && { issuer }),
      ...(audience !== null && { audience }),
    }
  }

  accepts(credential: string): boolean {
    return (this.#secret !== null || this.#keys !== null) && JWT_SHAPE.test(credential)
  }

  /** Throws UNAUTHENTICATED for an invalid token, SERVICE_UNAVAILABLE if the key set was never fetched. */
  async verify(token: string): Promise<TokenClaims> {
    try {
      const { payload, protectedHeader } = await this.#check(token)
      if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) throw unauthenticated('Token of another type')
      return readClaims(payload)
    } catch (error) {
      if (error instanceof HeddleError) throw error
      if (isOutage(error)) throw keySetUnavailable(error)
      throw unauthenticated(causeOf(error))
    }
  }

  /** HS256 uses the secret, all other algorithms the key set: a token's header chooses nothing more. */
  async #check(token: string): Promise<JWTVerifyResult> {
    const alg = algorithmOf(token)
    if (this.#secret !== null && (alg === 'HS256' || this.#keys === null)) {
      return jwtVerify(token, this.#secret, { ...this.#options, algorithms: ['HS256'] })
    }
    if (this.#keys === null) throw new errors.JWTInvalid()
    return jwtVerify(token, this.#keys, { ...this.#options, algorithms: PUBLIC_KEY_ALGORITHMS })
  }
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg
  } catch (cause) {
    throw new errors.JWTInvalid('Unreadable header', { cause })
  }
}

function causeOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'Token expired'
  const isMissing = error instanceof errors.JWTClaimValidationFailed && error.reason === 'missing'
  return isMissing ? `Token without ${error.claim}` : 'Invalid token'
}

// jose's own errors are about the token; an unreachable key set yields other errors.
function isOutage(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout
}

function keySetUnavailable(cause: unknown): HeddleError {
  return new HeddleError(
    'SERVICE_UNAVAILABLE',
    'The keys that verify tokens cannot be fetched at the moment. Try again later.',
    {
      systemMessage: 'Key set unavailable',
      cause,
    },
  )
}

function readClaims(payload: JWTPayload): TokenClaims {
  const { sub, exp } = payload
  if (sub === undefined || sub === '') throw unauthenticated('Token without sub')
  // A provider may send a number despite the declared type: never derive an id from it.
  if (typeof sub !== 'string' || exp === undefined) throw unauthenticated('Token with an invalid sub')
  return {
    subject: sub,
    email: text(payload.email),
    name: text(payload.name),
    sessionId: text(payload.sid),
    // Including the tolerance, so that subscriptions end no earlier than requests are rejected.
    expiresAt: new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1_000),
  }
}

function text(claim: unknown): string | null {
  return typeof claim === 'string' && claim.length <= 255 && !findUnstorable(claim) ? claim : null
}
