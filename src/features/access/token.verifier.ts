import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { HeddleError, unauthenticated } from '../../platform/errors.js'
import { findUnstorable } from '../../platform/text.js'

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
  expiresAt: Date | null
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
const CLOCK_TOLERANCE_SECONDS = 5
const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Checks JSON Web Tokens with the configured secret or key set. Source: RFC 7519, RFC 8725. */
export class TokenVerifier {
  readonly #checks: ((token: string) => Promise<JWTPayload>)[] = []

  constructor({ secret, jwksUrl, issuer, audience }: TokenOptions) {
    const options = {
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      ...(issuer !== null && { issuer }),
      ...(audience !== null && { audience }),
    }
    if (secret !== null) {
      const key = new TextEncoder().encode(secret)
      this.#checks.push(
        async (token) => (await jwtVerify(token, key, { ...options, algorithms: ['HS256'] })).payload,
      )
    }
    if (jwksUrl !== null) {
      const keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(jwksUrl))
      const algorithms = PUBLIC_KEY_ALGORITHMS
      this.#checks.push(async (token) => (await jwtVerify(token, keys, { ...options, algorithms })).payload)
    }
  }

  accepts(credential: string): boolean {
    return this.#checks.length > 0 && JWT_SHAPE.test(credential)
  }

  /** Throws UNAUTHENTICATED for a bad token, SERVICE_UNAVAILABLE when the key set cannot be fetched. */
  async verify(token: string): Promise<TokenClaims> {
    let payload: JWTPayload | null = null
    let failure: unknown
    for (const check of this.#checks) {
      try {
        payload = await check(token)
        break
      } catch (error) {
        if (isOutage(error)) throw keySetUnavailable(error)
        failure = error
      }
    }
    if (payload) return readClaims(payload)
    throw unauthenticated(failure instanceof errors.JWTExpired ? 'Token expired' : 'Invalid token')
  }
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
  if (!payload.sub) throw unauthenticated('Token without sub')
  return {
    subject: payload.sub,
    email: text(payload.email),
    name: text(payload.name),
    sessionId: text(payload.sid),
    expiresAt: payload.exp === undefined ? null : new Date(payload.exp * 1_000),
  }
}

function text(claim: unknown): string | null {
  return typeof claim === 'string' && claim.length <= 255 && !findUnstorable(claim) ? claim : null
}
