import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose'
import { HeddleError, unauthenticated } from '../../platform/errors.js'
import { findUnstorable } from '../../platform/text.js'
import { openKeySet } from './key.set.js'

export interface TokenOptions {
  /** HS256 secret; null: not accepted */
  secret: string | null
  /** where the public keys are; null: not accepted */
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

// Pinned, so that a token cannot choose how it is checked: never `none`, and never HS256 against a public key.
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
// Source: RFC 7519, section 5.1, and RFC 9068. Tokens of other kinds, as for logging out, have types of their own.
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

  /** Throws UNAUTHENTICATED for a bad token, SERVICE_UNAVAILABLE when the key set was never fetched. */
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

  /** The secret is for HS256 and the key set for all else: what a token says of itself chooses no more than that. */
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

// jose throws its own errors for what is wrong with a token; a key set that cannot be reached comes as something else.
function isOutage(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout
}

function keySetUnavailable(cause: unknown): HeddleError {
  return new HeddleError(
    'SERVICE_UNAVAILABLE',
    'The keys that check tokens cannot be fetched now. Try again later.',
    {
      systemMessage: 'Key set unavailable',
      cause,
    },
  )
}

function readClaims(payload: JWTPayload): TokenClaims {
  const { sub, exp } = payload
  if (sub === undefined || sub === '') throw unauthenticated('Token without sub')
  // A provider may send a number, whatever the type says: no id is made up of it.
  if (typeof sub !== 'string' || exp === undefined) throw unauthenticated('Token with an invalid sub')
  return {
    subject: sub,
    email: text(payload.email),
    name: text(payload.name),
    sessionId: text(payload.sid),
    // As long as it is accepted, and not shorter for a subscription than for a request.
    expiresAt: new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1_000),
  }
}

function text(claim: unknown): string | null {
  return typeof claim === 'string' && claim.length <= 255 && !findUnstorable(claim) ? claim : null
}
