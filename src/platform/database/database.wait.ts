import { setTimeout as after } from 'node:timers/promises'
import type { Logger } from '../log.js'
import { isUnavailable } from './database.errors.js'

const AGAIN_MS = 500

/** Retries `work` until its database is reachable, as when both are started together; for `waitMs` at most. */
export async function whenDatabaseAnswers<Result>(
  work: () => Promise<Result>,
  waitMs: number,
  logger: Logger,
  signal?: AbortSignal,
): Promise<Result> {
  const until = performance.now() + waitMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const leftMs = until - performance.now()
      if (leftMs <= 0 || !isUnavailable(error)) throw error
      logger.warn(
        { err: error, leftMs: Math.round(leftMs) },
        'the database does not answer yet; waiting for it',
      )
      await after(Math.min(AGAIN_MS, leftMs), undefined, { signal })
    }
  }
}
