/** When to try again what failed: a wait that grows, and the one that a server asks for. */

export interface Backoff {
  /** the longest wait after the first failure */
  baseMs: number
  /** the longest wait of all */
  maxMs: number
  /** how much longer each wait may be than the one before; default 2 */
  factor?: number
}

/**
 * The wait after the `attempt`th failure, which counts from 1: anything from nothing to its longest. What failed
 * together comes back spread out, where a fixed wait, or one with a little jitter, would bring it back together.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  const { baseMs, maxMs, factor = 2 } = backoff
  return Math.round(random() * Math.min(maxMs, baseMs * factor ** (attempt - 1)))
}

const HOUR_MS = 3_600_000

/** HTTP's Retry-After in milliseconds: seconds or a date, an hour at most; null when it is absent or neither. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), HOUR_MS)
}
