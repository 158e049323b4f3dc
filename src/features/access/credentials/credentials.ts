import { unauthenticated } from '../../../platform/errors.js'
import type { HeaderSource } from '../../../platform/request.js'

/** The credentials of a request: an API key, a token, or both if they identify the same user; and the user acted for. */
export interface Credentials {
  apiKey: string | null
  bearer: string | null
  /** the user for whom a service key acts */
  onBehalfOf: string | null
}

const BEARER = /^Bearer +(\S+) *$/i
const MAX_LENGTH = 8_192

/** Reads `X-API-Key`, `Authorization` and `X-On-Behalf-Of`, from HTTP's headers or, under the same names, from `connection_init`. */
export function readCredentials(header: HeaderSource): Credentials {
  const apiKey = header('x-api-key')?.trim() || null
  const authorization = header('authorization')?.trim() || null
  const bearer = authorization === null ? null : (BEARER.exec(authorization)?.[1] ?? null)
  if (authorization !== null && bearer === null)
    throw unauthenticated('Authorization must be "Bearer <key or token>"')
  if ((apiKey?.length ?? 0) > MAX_LENGTH || (bearer?.length ?? 0) > MAX_LENGTH)
    throw unauthenticated('Credential too long')
  return { apiKey, bearer, onBehalfOf: header('x-on-behalf-of')?.trim() || null }
}
