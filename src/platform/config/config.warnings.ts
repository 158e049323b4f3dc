import type { Config } from './config.js'

/** Insecure but working settings: logged at start, without preventing it. */
export function warningsOf({ role, jwtSecret, jwksUrl, jwtIssuer, jwtAudience }: Config): string[] {
  if (role === 'worker' || (jwtSecret === null && jwksUrl === null)) return []
  const unset = [jwtIssuer === null && 'JWT_ISSUER', jwtAudience === null && 'JWT_AUDIENCE'].filter(Boolean)
  if (unset.length === 0) return []
  return [
    `${unset.join(' and ')} not set: a token that the same key signed for another service is accepted here too.`,
  ]
}
