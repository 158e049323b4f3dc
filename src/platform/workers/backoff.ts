/** Retry delays: exponential backoff with full jitter, and the delay that a server requests. */

export interface Backoff {
  /** upper bound of the delay after the first failure */
  baseMs: number
  /** upper bound of every delay */
  maxMs: number
  /** growth of the upper bound per attempt; default 2 */
  factor?: number
}

/**
 * Delay after the `attempt`th failure, counted from 1: uniform between 0 and its upper bound. Full jitter spreads
 * clients that failed together; a fixed delay would make them retry together.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  const { baseMs, maxMs, factor = 2 } = backoff
  return Math.round(random() * Math.min(maxMs, baseMs * factor ** (attempt - 1)))
}

const HOUR_MS = 3_600_000

/** HTTP's Retry-After in milliseconds, from seconds or a date, at most one hour; null if absent or invalid. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), HOUR_MS)
}
