import { type Backoff, backoffMs } from './backoff.js'
import type { Database } from './database.js'
import { LeaseLost, underLease } from './lease.js'
import type { Logger } from './log.js'
import { type EffectHandler, PermanentFailure, RetryableFailure } from './outbox.effect.js'
import {
  type ClaimedEffect,
  deleteEffect,
  type FailedTry,
  recordFailure,
  releaseEffect,
  renewEffect,
} from './outbox.sql.js'

export type EffectHandlers = Readonly<Record<string, EffectHandler>>

export interface RunOptions {
  /** milliseconds that a worker may be silent before another takes its effect */
  leaseMs: number
  /** milliseconds that one try may take */
  timeoutMs: number
  /** the try after whose failure an effect is parked */
  maxAttempts: number
  backoff: Backoff
}

/** The worker stops, and gives back what it could not finish. */
export class WorkerStopped extends Error {
  constructor() {
    super('The worker stops.')
    this.name = 'WorkerStopped'
  }
}

const MAX_ERROR = 300

/** One try at one claimed effect, and what it leaves in the outbox. */
export class EffectRunner {
  constructor(
    private readonly db: Database,
    private readonly logger: Logger,
    private readonly handlers: EffectHandlers,
    private readonly options: RunOptions,
  ) {}

  /** Never fails: what cannot be written is left to the end of the lease. */
  async run(effect: ClaimedEffect, takenAt: number, controller: AbortController): Promise<void> {
    try {
      await this.#attempt(effect, takenAt, controller).catch((error: unknown) => this.#giveUp(effect, error))
    } catch (error) {
      this.logger.error({ ...about(effect), err: error }, 'effect not settled; its lease will end')
    }
  }

  async #attempt(effect: ClaimedEffect, takenAt: number, controller: AbortController): Promise<void> {
    const { leaseMs, timeoutMs } = this.options
    const handler = this.handlers[effect.kind]
    if (!handler) throw new PermanentFailure(`Nothing carries out effects of the kind ${effect.kind}.`)
    const timeout = setTimeout(() => {
      controller.abort(new RetryableFailure(`The effect did not end within ${timeoutMs} ms.`))
    }, timeoutMs)
    const renew = async () => (await this.db.query(renewEffect(effect, leaseMs))).length > 0
    try {
      const lease = { durationMs: leaseMs, takenAt, renew }
      await underLease(lease, controller, () => handler.run(effect, controller.signal))
    } finally {
      clearTimeout(timeout)
    }
    await this.#finish(effect, handler)
  }

  #finish(effect: ClaimedEffect, handler: EffectHandler): Promise<void> {
    return this.db.transaction(async (tx) => {
      const deleted = await tx.query(deleteEffect(effect))
      if (deleted.length === 0) throw new LeaseLost()
      await handler.settled?.(tx, effect)
    })
  }

  async #giveUp(effect: ClaimedEffect, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) {
      this.logger.warn(about(effect), 'effect taken over by another worker')
    } else if (error instanceof WorkerStopped) {
      await this.db.query(releaseEffect(effect))
    } else {
      await this.#recordFailure(effect, error)
    }
  }

  async #recordFailure(effect: ClaimedEffect, error: unknown): Promise<void> {
    const failure = this.#judge(effect, error)
    const isOurs = (await this.db.query(recordFailure(effect, failure))).length > 0
    const facts = { ...about(effect), attempts: effect.attempts + 1, err: error }
    if (!isOurs) this.logger.warn(facts, 'effect failed after another worker took it over')
    else if (failure.isParked) this.logger.error(facts, 'effect parked: somebody must look at it')
    else this.logger.warn({ ...facts, delayMs: failure.delayMs }, 'effect failed; trying again')
  }

  #judge({ attempts }: ClaimedEffect, error: unknown): FailedTry {
    const { backoff, maxAttempts } = this.options
    const asked = error instanceof RetryableFailure ? (error.retryAfterMs ?? 0) : 0
    return {
      error: describe(error),
      delayMs: Math.max(backoffMs(attempts + 1, backoff), asked),
      isParked: error instanceof PermanentFailure || attempts + 1 >= maxAttempts,
    }
  }
}

/** Only of our own failures is it known that their words may be stored. */
function describe(error: unknown): string {
  if (error instanceof RetryableFailure || error instanceof PermanentFailure) {
    return error.message.replace(/[\s\p{C}]+/gu, ' ').slice(0, MAX_ERROR)
  }
  return `The effect failed unexpectedly (${error instanceof Error ? error.name.slice(0, 50) : typeof error}).`
}

function about({ id, kind, requestId, traceId, correlationId }: ClaimedEffect) {
  return { effectId: id, kind, requestId, traceId, correlationId }
}
