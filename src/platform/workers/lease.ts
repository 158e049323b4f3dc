import { whenAborted } from '../time.limit.js'

/** The lease belongs to another worker, or may by now: nothing done under it may be written. */
export class LeaseLost extends Error {
  constructor() {
    super('The lease was lost.')
    this.name = 'LeaseLost'
  }
}

export interface Lease {
  /** milliseconds until it expires unless renewed */
  durationMs: number
  /** `performance.now()` from before the statement that acquired it */
  takenAt: number
  /** False if another worker has the lease. May throw, and is then retried until the lease expires. */
  renew(): Promise<boolean>
}

/**
 * Runs `work` while renewing its lease. Rejects once `controller` is aborted, with its reason, even if `work` is still
 * running. Aborts the controller itself with LeaseLost, no later than the lease expires.
 */
export async function underLease<Result>(
  lease: Lease,
  controller: AbortController,
  work: () => Promise<Result>,
): Promise<Result> {
  const { signal } = controller
  const renewal = new Renewal(lease, () => controller.abort(new LeaseLost()))
  try {
    signal.throwIfAborted()
    return await Promise.race([work(), whenAborted(signal)])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    await renewal.end()
  }
}

/**
 * The same, but waits until `work` has ended, so that it cannot overlap with its successor or use a closed database. On
 * any failure the controller is aborted, and `work` must end soon after that.
 */
export async function finishUnderLease<Result>(
  lease: Lease,
  controller: AbortController,
  work: () => Promise<Result>,
): Promise<Result> {
  let ended: Promise<unknown> = Promise.resolve()
  try {
    return await underLease(lease, controller, () => {
      const run = work()
      ended = run.catch(() => undefined)
      return run
    })
  } catch (error) {
    controller.abort(error)
    await ended
    throw error
  }
}

/** Renews a lease three times within its duration, and reports its loss. */
class Renewal {
  #last: Promise<void> = Promise.resolve()
  #next: NodeJS.Timeout
  #expiry: NodeJS.Timeout
  #isEnded = false

  constructor(
    private readonly lease: Lease,
    private readonly lose: () => void,
  ) {
    this.#expiry = this.#expireAfter(lease.takenAt)
    this.#next = this.#schedule()
  }

  /** Resolves when no statement about the lease is running any more. */
  async end(): Promise<void> {
    this.#isEnded = true
    clearTimeout(this.#next)
    clearTimeout(this.#expiry)
    await this.#last
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#last = this.#renew()
    }, this.lease.durationMs / 3)
  }

  async #renew(): Promise<void> {
    const startedAt = performance.now()
    // A database that does not answer says nothing about who has the lease: assume it until it expires.
    const isOurs = await this.lease.renew().catch(() => null)
    if (this.#isEnded) return
    if (isOurs === false) return this.lose()
    if (isOurs) {
      clearTimeout(this.#expiry)
      this.#expiry = this.#expireAfter(startedAt)
    }
    this.#next = this.#schedule()
  }

  #expireAfter(startedAt: number): NodeJS.Timeout {
    const { durationMs } = this.lease
    return setTimeout(this.lose, Math.max(0, startedAt + durationMs - performance.now()))
  }
}
