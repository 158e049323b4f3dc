import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose'
import { readText } from '../../../platform/outbound/bounded.reply.js'

// Applies while fetches succeed; an unknown key id triggers an earlier fetch, but not within the cooldown.
const MAX_AGE_MS = 10 * 60_000
const COOLDOWN_MS = 30_000
// Shorter while there are no keys at all, to recover soon after the provider does.
const RETRY_MS = 2_000
const TIMEOUT_MS = 5_000
const MAX_BYTES = 1024 * 1024

/**
 * The public keys of an identity provider. During an outage the last known keys stay in use, and the provider is asked
 * again only after the cooldown, however many tokens arrive.
 */
export function openKeySet(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), {
    cacheMaxAge: MAX_AGE_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: rememberingLastGood(),
  })
}

function rememberingLastGood(): FetchImplementation {
  let lastGood: string | null = null
  let failure: { error: unknown; at: number } | null = null
  return async (url, options) => {
    const waitMs = lastGood === null ? RETRY_MS : COOLDOWN_MS
    if (failure === null || Date.now() - failure.at >= waitMs) {
      try {
        lastGood = await fetchSet(url, options)
        failure = null
      } catch (error) {
        failure = { error, at: Date.now() }
      }
    }
    if (lastGood === null) throw failure?.error
    return new Response(lastGood, { status: 200 })
  }
}

async function fetchSet(...[url, options]: Parameters<FetchImplementation>): Promise<string> {
  const response = await fetch(url, options)
  const text = await readText(response, MAX_BYTES)
  // A proxy's error page is no set of keys.
  if (!response.ok || text === null || !Array.isArray(JSON.parse(text).keys)) {
    throw new Error(`No key set: ${response.status}`)
  }
  return text
}
