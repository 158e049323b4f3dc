import { type EventEmitter, once } from 'node:events'

/** Waits that come to an end. */

/** False when `work` was not done within the time. It goes on then, and its failure is nobody's concern any more. */
export async function settledWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  try {
    const done = work.then(
      () => true,
      () => true,
    )
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when a socket or server has closed. */
export async function ended(emitter: EventEmitter): Promise<void> {
  await once(emitter, 'close')
}

/**
 * Runs work whose signal is aborted after the time, with the error `late`, or when one of `signals` is, with its reason.
 * Then it fails with that at once, whether or not the work ends by it.
 */
export async function withinTime<Result>(
  milliseconds: number,
  late: Error,
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  // One controller a call instead of AbortSignal.any, which on Node 20 leaks with a long-lived signal.
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(late), milliseconds)
  const unfollow = signals.map((signal) => follow(signal, controller))
  try {
    controller.signal.throwIfAborted()
    return await Promise.race([work(controller.signal), whenAborted(controller.signal)])
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearTimeout(timer)
    for (const end of unfollow) end()
  }
}

/** Fails with the signal's reason. */
export function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** @returns what ends it */
function follow(signal: AbortSignal, controller: AbortController): () => void {
  const abort = () => controller.abort(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
