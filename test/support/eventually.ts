import { vi } from 'vitest'

/**
 * How long a test waits for what must come, in milliseconds: only what hangs takes as long, on the busiest machine. Where
 * a rule is about time, a test turns the clock itself.
 */
export const PATIENCE_MS = 150_000

/** Waits until `check` passes, however busy the machine is, and looks every so many milliseconds. @returns what it returned */
export function eventually<Result>(check: () => Result | Promise<Result>, everyMs = 10): Promise<Result> {
  return vi.waitFor(check, { timeout: PATIENCE_MS, interval: everyMs })
}
